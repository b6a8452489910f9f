"""The lines around an edit as a model would write them next, and what it holds of a line's next text.

This wing knows prompts and drafts. It does not know which edits are offered, and no offer needs it: whether a
model would make offers better is what `benchmarks/next_edit_model.py` measures.
"""
