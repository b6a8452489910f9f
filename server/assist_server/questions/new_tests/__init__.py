"""New tests of code: where they go, how they begin, and what is kept of an answer that was cut.

It knows the conventions of languages, and no model.
"""
