"""What is kept on disk: the state directory, its locks, and stored secrets."""
