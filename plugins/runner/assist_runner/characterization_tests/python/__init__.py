"""Python's part of recorded tests: how its calls are proposed, run, and written as tests.

Texts are read with Python's own parser; what runs in the project's interpreter is in `programs`.
"""
