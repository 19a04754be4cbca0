"""The manifest's model, the schemas, and where both are stored."""
