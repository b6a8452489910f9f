"""The index of a folder: one SQLite file with the outlines and search terms of every file.

This wing owns SQLite. It knows the shape of a row, but not who keeps the index up to date.
"""
