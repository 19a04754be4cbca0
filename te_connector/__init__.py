"""A privacy connector between an orchestration host and the Total Expert CRM.

It answers two questions for one person at a time or for a thousand: what does Total Expert hold
about them (an access request), and is it gone (an erasure)? A host finds it through the entry-point
group ``privacy_connector`` and calls four hooks (see :mod:`te_connector.hookspecs`)::

    pm = pluggy.PluginManager("privacy_connector")
    pm.add_hookspecs(te_connector.hookspecs)
    pm.load_setuptools_entrypoints("privacy_connector")
    answer = pm.hook.fetch(connection=connection, subjects=[subject], options=None)

What Total Expert offers (endpoints, scopes, limits, which field answers which identifier, what can
be deleted) stands in ``connector.yaml``; to change what the connector does, edit that.

Data flows one way through the package::

    plugin -> validation, discovery, access, erasure     what a hook does
           -> search, lookup, matching, paging           whose is it, where, every page once
           -> client -> session, quota -> transport      one request, its token, slot, bytes
    manifest, schemas, identifiers, subjects, errors     leaves: they know nothing of others
    cli, package, sandbox                                what people use; nothing imports them
"""

__version__ = "0.1.0"
