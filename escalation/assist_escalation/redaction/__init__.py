"""Secrets in a text: they are found, replaced by placeholders, and put back into the answer.

This wing works on text alone. It knows no provider and no policy.
"""
