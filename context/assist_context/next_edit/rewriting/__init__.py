"""What a text becomes because another one did: arguments for parameters, entries and names for an element.

It knows no edit history and no document, only texts and what their parts are.
"""
