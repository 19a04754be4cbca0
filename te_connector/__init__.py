"""A privacy connector between a privacy platform and the Total Expert CRM.

It answers two questions, for one person or for thousands: what does Total Expert have about them (an
access request), and is it gone (a deletion)? A host finds it through the entry-point group
``privacy_connector`` and calls four hooks (see :mod:`te_connector.hookspecs`)::

    pm = pluggy.PluginManager("privacy_connector")
    pm.add_hookspecs(te_connector.hookspecs)
    pm.load_setuptools_entrypoints("privacy_connector")
    answer = pm.hook.fetch(connection=connection, subjects=[subject], options=None)

Everything specific to Total Expert (endpoints, scopes, limits, which field holds which identifier,
what can be deleted) is in ``connector.yaml``. To change what the connector does, edit that file.

Each room imports only rooms below it; ``docs/architecture.md`` has a map::

    cli, portal, gateway      programs that call the hooks
    package, deletion, host   what those programs share
    plugin                    the four hooks
    operations                what each hook does
    search                    finds a subject's objects
    api                       talks to the vendor
    matching                  whose object is it?
    manifest                  connector.yaml and the schemas
    text, storage             files that people edit; state directory and secrets
    contract, errors          what crosses the border
    sandbox                   a look-alike of the vendor; shares no code with the rest
"""

__version__ = "0.2.0"
