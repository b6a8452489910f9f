"""Wishes for edits that need no model, and what judges the edits: type checkers and language servers."""
