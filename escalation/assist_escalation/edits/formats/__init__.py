"""The forms in which a model may answer with an edit, one module for each.

Each module reads an answer and returns changes of text. None of them touches a file.
"""
