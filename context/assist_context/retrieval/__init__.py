"""What other files have that helps at a cursor, found within a deadline.

This wing ranks and fuses. It knows no model and no prompt: how snippets are laid out is not its business.
"""
