"""Code as one text says it: definitions, references, calls, statements, imports and names.

What is known of a language is in its folder of `queries`, and in its row of `languages.toml`: one reader
(`language_rules`) for all modules. This wing knows one text at a time, no file, no database and no edit.
"""
