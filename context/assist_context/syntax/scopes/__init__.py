"""What the places of one text have to do with each other: which names mean the same, what a call passes.

It knows one text at a time, no file and no edit. With `syntax` it is the only door to tree-sitter.
"""
