"""Reading files: YAML with line numbers, strict JSON, paths to fields."""
