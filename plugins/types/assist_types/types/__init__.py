"""The type of an expression at a cursor, and the members of a type, as far as they are written down.

It knows no library: what is outside of the workspace comes from a `TypeSource`. What is not known for certain
is unknown. Names and classes of each language are read by modules of its own.
"""
