"""Redaction of ghost text: a prompt at each pause in typing, scanning only what changed.

It is a wing of its own because its pace is its own. It does not know what the editor shows.
"""
