"""Real commits, and what a reader said of the messages that were computed for them."""
