"""A Total Expert look-alike on a loopback socket.

It follows what is publicly documented of Total Expert's API v1, limits included,
and holds invented people, so the connector can be watched, tested and tried
without an account. It shares no code and no constant with the rest of the
package: what both believed, neither would find out.

    >>> from te_connector.sandbox import Sandbox
    >>> with Sandbox(contacts=12) as sandbox:
    ...     sorted(sandbox.settings())
    ['TE_BASE_URL', 'TE_CLIENT_ID', 'TE_CLIENT_SECRET']

``Misbehaviour`` makes it break the rules that a client should survive, and
``Limits`` changes or lifts its request and token limits.
"""

from te_connector.sandbox.auth import Limits
from te_connector.sandbox.misbehaviour import Misbehaviour
from te_connector.sandbox.server import Sandbox, serve

__all__ = ["Limits", "Misbehaviour", "Sandbox", "serve"]
