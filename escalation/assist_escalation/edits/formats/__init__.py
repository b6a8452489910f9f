"""The forms in which a model may answer with an edit, one module a form.

Each reads an answer and gives changes of text. None of them touches a file.
"""
