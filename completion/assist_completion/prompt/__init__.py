"""The tokens of a prompt for a fill-in-the-middle completion.

This wing knows the layout, the special tokens and token healing. It runs no model.
"""
