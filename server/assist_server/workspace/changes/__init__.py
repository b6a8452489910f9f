"""What changed in a folder, as git's diff says: read, cut to size, and remarks on it.

This wing knows git and rule files. It knows no model and asks none.
"""
