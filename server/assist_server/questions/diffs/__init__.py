"""Questions about what changed: `commit` and `review`, for the terminal and for editors.

It knows git's diff as pieces, and no model. How an answer is shown is decided elsewhere.
"""
