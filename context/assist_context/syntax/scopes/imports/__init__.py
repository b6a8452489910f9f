"""The imports of one text: its statements, where another one belongs, and how one is taken away.

It knows how people write and sort imports; it knows no other file, and not whether an import is needed.
"""
