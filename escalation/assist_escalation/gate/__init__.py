"""A request made ready: judged, redacted and with its highest cost, exactly as `egress` would send it.

This wing joins policy, redaction, price and budget, and sends nothing. It is a folder because what may leave
and what leaves shall be read apart.
"""
