"""The detectors of secrets, one module for each kind of place where secrets are found.

Each takes a text and returns findings. None of them knows which form of the text it gets.
"""
