"""Bindings of names: the scopes of each language, and whose members are meant, by what one text says.

It knows the places of the names that it is asked about, no other text, and only types that are written down.
"""
