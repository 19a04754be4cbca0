"""What runs by itself: searches and deletions, as repeatable steps."""
