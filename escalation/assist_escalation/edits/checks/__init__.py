"""What an edit must not do, or must not do unasked: each check compares the new text with the old one.

This wing knows texts and syntax. It knows no disk, no answer and no format of answers.
"""
