"""Which part of a generated text is shown as ghost text, and whether any is.

This wing works on text and probabilities. It knows no model and no editor.
"""
