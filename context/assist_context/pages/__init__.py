"""Pages of documentation: their headings, and the text of a notebook.

This wing knows how Markdown, reStructuredText, AsciiDoc, HTML and notebooks are written. It knows no index
and no grammar, and reads no file.
"""
