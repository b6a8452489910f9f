"""A team's own server that writes ghost text: the engine's port to it, filled with the gate.

It knows folders, rules and settings, no editor and no tool; those who ask it say whose rules hold.
It is a folder because editors and the gateway ask the same server.
"""
