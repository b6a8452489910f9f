"""Renames by a real language server, next to our own: it draws symbols, asks, and compares the places.

It knows no model. The servers are installed by whoever runs it.
"""
