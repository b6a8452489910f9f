"""Clients of the language server, and the floor of a real editor."""
