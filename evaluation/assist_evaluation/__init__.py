"""Measures candidates on tasks from a repository's own history, files and tests, and fits thresholds to them.

Candidates are models, servers and providers, asked through the product's own engine, retrieval and gate.
This wing draws nothing on a terminal and knows no editor.
"""
