"""The page for a data subject."""
