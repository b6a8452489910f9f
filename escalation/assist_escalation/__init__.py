"""Decides what may leave the machine, and sends it. No other package reaches a provider."""
