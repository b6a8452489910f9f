"""The commands on changes: `assist commit` and `assist review`.

This wing asks about a diff in the same way as about code, and shows the answer. It changes nothing itself.
"""
