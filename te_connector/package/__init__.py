"""The access package: for each data subject a folder that explains itself.

::

    result = te_connector.result.load(path)
    policy = Policy.load(policy_path, manifest)          # or None
    summary = write_package(result, manifest, output, policy)

Data flows one way: ``policy`` says what goes out, ``selection`` and ``redaction`` leave out the
rest, and only then do ``page`` (HTML), ``write`` (JSON) and ``csvfiles`` see it. ``layout``,
``terms``, ``rows`` and ``words`` turn fields and values into what people read.
"""

from te_connector.package.policy import Policy
from te_connector.package.rules import Controller
from te_connector.package.selection import Withheld
from te_connector.package.write import Package, Summary, folder_name, folder_names, write_package

__all__ = [
    "Controller",
    "Package",
    "Policy",
    "Summary",
    "Withheld",
    "folder_name",
    "folder_names",
    "write_package",
]
