"""The folders and open documents of an editor or a command: their index, their watchers, their search.

This wing knows files and threads. It knows no protocol and no model.
"""
