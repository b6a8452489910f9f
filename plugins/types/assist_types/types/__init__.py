"""Which type an expression has at a cursor, and which members a type has, as far as that is written down.

It knows no library: what is outside of the workspace comes from a `TypeSource`. What is not known for certain
is unknown. Names and classes of each language are read by modules of its own.
"""
