"""The demo: real completions in a small workspace, through a real language server.

This wing is a client of the server. No other module knows about it.
"""
