"""Pages of documentation: their headings, and the text of a notebook.

This wing knows how Markdown, reStructuredText, AsciiDoc, HTML and notebooks are written. It knows no index, no
grammar and no file but the one it is given.
"""
