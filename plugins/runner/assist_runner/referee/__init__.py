"""Says of an edit what the project's own tests and type checker say of it, on a copy of the workspace.

A run of tests becomes results by test (`test_results`); two runs before the edit say which tests are flaky,
and what an edit must not break (`test_verdicts`). `edit_referee` runs both in a copy, `checkers` finds the
checker, and `edit_proof` says what the edit is worth. Of tests that fail, `executed_lines` says which lines
they run, and `candidate_runs` tries small changes against them (`selected_tests`).
The wing knows no model, no prompt and no editor, and asks no one whether anything may run.
"""
