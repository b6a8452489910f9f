"""The syntax of one text: its definitions, references and imports, and what is open or broken at a cursor.

This wing owns tree-sitter and the queries. It knows no files, no database and no other text.
"""
