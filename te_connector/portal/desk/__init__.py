"""What an officer decides about a request, from its receipt to its approval."""
