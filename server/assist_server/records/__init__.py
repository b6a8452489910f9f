"""What was recorded about requests, edits and usage, looked up and kept.

This wing returns values. The words for them are in `wording`.
"""
