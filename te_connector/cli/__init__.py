"""The ``te-connector`` command: what people use. The plugin never imports it."""

LACKING = 'The command needs extra packages. Install them with: pip install "te-connector[cli]"'
