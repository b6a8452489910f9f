"""Simulated machines: what others measured, and what `assist setup` makes of it."""
