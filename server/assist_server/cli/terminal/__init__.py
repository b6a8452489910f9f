"""What is drawn in a terminal: tables, bars, code and streamed Markdown.

This wing owns rich. It knows nothing about what is drawn.
"""
