"""Records of requests, edits and usage: looked up, acted on and kept.

This wing returns values. The words for them are in `wording`.
"""
