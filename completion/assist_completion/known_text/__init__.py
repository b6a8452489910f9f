"""Texts that are known before the model writes: what it will probably repeat of them, and what it doubts.

It knows tokens and how likely they were. It knows no model, and not what the texts are for.
"""
