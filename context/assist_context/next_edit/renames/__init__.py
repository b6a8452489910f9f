"""Renames: the names that a hunk replaced, the places that follow, in other files too.

It knows names and places; whether a rename is likely is judged elsewhere.
"""
