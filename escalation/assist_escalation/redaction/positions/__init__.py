"""What a literal is by its position: next to a sign of comparison, in a row under names, after a user.

Each module knows one kind of position. What can be a secret is in `secret_values`.
"""
