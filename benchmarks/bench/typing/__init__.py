"""Replay of typing: the same keys with every policy, in real or in virtual time."""
