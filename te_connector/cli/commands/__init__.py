"""One module for each command of ``te-connector``."""
