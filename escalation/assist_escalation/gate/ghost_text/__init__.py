"""Redaction of ghost text: a prompt at each pause in typing, of which only what changed is scanned.

It is a wing of its own because its pace is its own. It does not know what the editor shows.
"""
