"""What is drawn in a terminal: tables, progress bars, code and streamed Markdown.

Only this wing imports rich. It knows nothing about what it draws.
"""
