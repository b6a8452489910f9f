"""A made-up agent that asks through the gateway, and what the gateway adds to each of its turns."""
