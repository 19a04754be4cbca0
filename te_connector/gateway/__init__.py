"""The gateway: a small REST API, so that a privacy platform can use a connector without Python.

Data flows one way::

    app (routes) -> bodies (what was asked) -> requests (one answer for each request id)
        -> searches (waiting requests share one sweep)   -> the hook ``fetch``
        -> deletions (each object once)                  -> the hook ``delete_object``
    answers (pure: what a search amounts to, and which status it gets), store (encrypted, on disk)

The gateway is a host like any other: it reaches connectors through the hooks alone.
"""
