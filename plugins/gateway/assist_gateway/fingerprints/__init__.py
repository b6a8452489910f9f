"""Which lines of a text are from a printed file, however they are quoted, numbered, escaped or indented.

A print is a hash under a key of what a file says in letters and digits; without the key, prints do not tell
what was said. This wing knows no rules, no folders and no requests: who prints which files, and what follows
from a match, is decided elsewhere. It does no IO.
"""
