"""Pages of documentation: their headings, and the text of a notebook.

This wing knows how Markdown, reStructuredText, AsciiDoc, HTML and notebooks are written. It is a folder
because the index, `retrieval` and `evidence` ask it; it knows none of them, and reads no file.
"""
