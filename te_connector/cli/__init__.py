"""The ``te-connector`` command: what people use. The plugin never imports it."""
