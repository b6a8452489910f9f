"""The edit that probably comes next, and its place, from the edits that a user just made. No model is asked.

It takes texts and returns offers; it knows no editor and no file. `kinds` has one module for each reason.
"""
