"""What other tools speak: where the texts of a request are, what cannot be looked into, and how answers end.

Each dialect is a module. It knows the protocol's fields; it knows no rule, no secret and no provider.
"""
