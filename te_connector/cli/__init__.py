"""The ``te-connector`` command. The plugin never imports it."""
