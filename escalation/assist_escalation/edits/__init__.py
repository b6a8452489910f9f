"""Answers as edits of files: planned in memory, applied to all files or to none, and undone.

This wing knows paths and bytes. It does not know which model answered.
"""
