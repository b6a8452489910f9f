"""Knows source code: documents, languages, syntax, files, the index, and recent edits.

It takes text and returns data, and broken code is normal input. It knows no model, no network and no editor.
"""
