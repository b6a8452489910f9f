"""The language server: pygls handlers that translate between the protocol and the editor wing.

This wing owns pygls and lsprotocol. It decides nothing.
"""
