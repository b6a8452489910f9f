"""The detectors of secrets, one module a kind of place where secrets are found.

Each takes a text and gives findings. None of them knows which form of the text it is looking at.
"""
