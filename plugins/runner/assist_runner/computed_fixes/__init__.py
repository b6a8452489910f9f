"""Fixes that no model writes: which lines are suspicious, and which small changes of them may be right.

`failures` reads what a failing test says, `suspicion` weighs lines by the tests that run them, and `changes`
makes the candidates by the tables in `change_rules`. The wing runs nothing, and knows no model and no editor:
`referee` tries the candidates.
"""
