"""The code in other files that helps at a cursor, found within a deadline.

This wing ranks candidates and combines rankings. It knows no model and no prompt, and not how snippets are
laid out.
"""
