"""The models on this machine: how they are listed, fetched, verified, locked and removed.

This wing is the only one of the package that may open a connection, and only when a user asks for a model.
"""
