"""What the gateway says to one privacy platform each."""
