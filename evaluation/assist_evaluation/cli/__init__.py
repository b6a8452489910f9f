"""The command `eval`: it measures candidates on the repository at hand, and shows what came of it.

The `evaluation` wing does the work; here are flags, tables and questions to the user.
"""
