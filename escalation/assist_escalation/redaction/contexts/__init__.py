"""The code around the name of a secret: groups, rows, functions, expressions.

Each module takes the place of a name and returns the literals that it means.
"""
