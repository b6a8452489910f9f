"""Trees of one text, also of a document that is being edited, and what is open or broken at a cursor.

This wing owns tree-sitter. It knows bytes and nodes, and not what a definition or a name means.
"""
