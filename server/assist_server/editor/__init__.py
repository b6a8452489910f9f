"""One editor: its session, its suggestions and its questions.

This wing knows what an editor can request, as values of our own. It knows no language server protocol.
"""
