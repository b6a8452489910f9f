"""Refactorings that keep what code does, and the same with one planted change of it."""
