"""One editor: its session, its suggestions, its questions under way.

This wing knows what an editor can ask for, in values of our own. It knows no language server protocol.
"""
