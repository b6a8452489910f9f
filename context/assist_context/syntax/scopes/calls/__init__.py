"""The functions of a text, the calls of a name, and which of these calls mean which function.

It knows texts, not who edits them; types are not known, only what is written.
"""
