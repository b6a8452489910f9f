"""The workspace on this machine: folders, open documents, watching, and the index around a cursor.

This wing reads files. It sends nothing and asks no model.
"""
