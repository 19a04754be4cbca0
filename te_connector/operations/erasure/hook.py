"""The hook ``delete_object``: check the call, then delete one object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from te_connector.api import connection as connections
from te_connector.api.client import Client
from te_connector.contract import Receipt
from te_connector.errors import OptionError
from te_connector.matching import subjects as subject_reader
from te_connector.matching.ids import has_shape, id_key
from te_connector.operations import holds
from te_connector.operations.audit import Trail
from te_connector.operations.erasure.deletion import Deletion
from te_connector.operations.erasure.options import read_options
from te_connector.operations.erasure.record import Target


def delete(
    connection: Mapping[str, Any], object_type: Any, object_id: Any, subject: Any, options: Any
) -> Receipt:
    """The hook ``delete_object``; see :mod:`te_connector.hookspecs`."""
    manifest = connections.manifest_of(connection)
    of_type = manifest.type_in_use(object_type)
    person = subject_reader.read_one(subject, manifest)
    requested = read_options(options)
    name = _text(object_id)
    # Exactly an id of the type: "5 " and "05" must not delete object 5.
    is_id = id_key(name) == name and has_shape(name, of_type.id_shape)
    settings = connections.resolve(connection)
    account = connections.account_of(settings)
    held = holds.active(settings.state, manifest, account, requested.holds)
    trail = Trail.of(settings.state, settings.base_url, settings.client_id)
    client = Client(settings)
    target = Target(of_type, name, person, is_id=is_id)
    deletion = Deletion(client, trail, held, target, requested)
    earlier = deletion.earlier()
    if earlier is not None:
        return earlier

    def work() -> Receipt:
        with client.open(requested.call.tell):
            return deletion.run()

    return requested.call.run(work, client.stop)


def _text(object_id: Any) -> str:
    """The id as text; what is neither text nor a whole number is no id of any type."""
    if isinstance(object_id, str):
        return object_id
    if type(object_id) is int:
        return id_key(object_id) or "-"
    raise OptionError("object_id must be text or a whole number.")
