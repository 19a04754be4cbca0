"""Whose is it? Subjects, identifiers, and the comparison of a record with both."""
