"""Measures candidates on tasks from a repository's own history, files and tests, and fits thresholds to them.

`mining` finds the tasks, `candidates` answer them, `running` asks in rounds and keeps the answers, `judging`
says what they are worth, `report` shows it, and `cli` is `assist eval`. It is above all other packages, and
none of them knows it: the command line finds `cli` by an entry point, and a language server `feedback`, which
counts its use; it never loads the rest.
"""
