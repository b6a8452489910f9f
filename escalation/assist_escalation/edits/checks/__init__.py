"""What an edit must not do, or must not do unasked: each check compares the new text with the old one.

It is a wing of its own because terminals, editors and records ask it too, where nothing is edited. It knows
texts and syntax. It knows no disk, no answer and no format of answers.
"""
