"""What the four hooks do: access, erasure, validation, discovery, and the audit trail."""
