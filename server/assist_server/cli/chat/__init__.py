"""Conversations in the terminal: `assist chat`, and the list of those that are kept.

It reads lines and shows answers. What a question is and who answers it is decided elsewhere.
"""
