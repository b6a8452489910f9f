"""Typing, replayed: the same keys under every policy, in real or in virtual time."""
