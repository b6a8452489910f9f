"""Drawing in a terminal: tables, progress bars, code and streamed Markdown.

It is a folder because only it imports rich. It knows nothing about what it draws.
"""
