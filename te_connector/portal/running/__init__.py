"""What runs by itself: searches, deletions, and waits, as repeatable steps."""
