"""Fixes that no model writes: small changes of the code, tried against the tests that fail.

`failures` reads what a failing test says, `python_repairs` and `token_swaps` make the candidates, and
`candidate_runs` tries them in a copy of the workspace. The wing knows no model, no prompt and no editor, and
asks no one whether anything may run. Whether a candidate is right is for `referee` to say.
"""
