"""Finds tasks in a repository: from its commits, files and tests, by git alone. Nothing is sent anywhere.

It knows no model, and what a task is worth is not its business.
"""
