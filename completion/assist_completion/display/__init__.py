"""The part of a generated text is shown as ghost text, if any.

This wing works on text and probabilities. It knows no model and no editor.
"""
