"""Decides what may leave the machine. The only egress; for now it holds its settings."""
