"""A look-alike of the Total Expert API on a loopback socket.

It follows the vendor's public API document, limits included, and holds invented people. Use it to
watch, try, and test the connector without an account. It shares no code and no constant with the
rest of the package: if both came from one place, a wrong reading of the document would go unnoticed.

    >>> from te_connector.sandbox import Sandbox
    >>> with Sandbox(contacts=12) as sandbox:
    ...     sorted(sandbox.settings())
    ['TE_BASE_URL', 'TE_CLIENT_ID', 'TE_CLIENT_SECRET']

``Misbehavior`` makes it break rules in ways that a client must survive. ``Limits`` changes or lifts
its request and token limits.
"""

from te_connector.sandbox.auth import Limits
from te_connector.sandbox.misbehavior import PRESETS, Misbehavior, combined
from te_connector.sandbox.server import Sandbox, serve

__all__ = ["PRESETS", "Limits", "Misbehavior", "Sandbox", "combined", "serve"]
