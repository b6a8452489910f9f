"""The road of a tool's request to a provider and of the answer back.

It knows how a request is judged, made ready, paid and logged. The rules are the escalation package's, and the
protocols are in `dialects`. It has no socket.
"""
