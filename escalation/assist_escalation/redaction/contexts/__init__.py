"""What programs write around the name of a secret: groups, lists of names, functions, branches.

Each module takes the place of a name and returns the literals that it means.
"""
