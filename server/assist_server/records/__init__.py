"""Records of requests and edits: looked up, acted on and kept.

This wing returns values. The words for them are in `wording`. It is a folder because the terminal, editors
and the plugins read and settle the same records.
"""
