"""The portal: a web application where a privacy officer decides.

It is a host like any other: it reaches connectors through the hooks alone (``te_connector.host``).
Data flows one way::

    web (pages), api (intake)  ->  one module for each noun: requests, findings, choices, approvals,
    releases, accounts, tokens, connections  ->  database (tables, guards)  ->  crypto

    work (durable workflows of DBOS, ids only)  ->  searching, deleting  ->  the hooks
    schedule (what is due each minute)  ->  mail (outbox), work, retention

Pure modules decide: ``states`` (which changes are legal), ``dates`` (when something is due).
"""
