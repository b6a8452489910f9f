"""From a request at a cursor to a suggestion, and from a question to an answer, on the event loop.

This wing knows typing pace, caches and work ahead of requests. `inference` handles the tokens.
"""
