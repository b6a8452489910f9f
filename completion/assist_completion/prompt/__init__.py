"""The tokens that a model gets for a fill-in-the-middle completion.

This wing knows the layout, the special tokens and the healing of typed tokens. It runs no model.
"""
