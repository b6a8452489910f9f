"""Clients of the language server, and the latency floor of a real editor."""
