"""Tests whose values come from running the code: proposed calls, what they came to, and the text of tests.

A model proposes calls, and so do docstrings, callers and signatures (`python_calls`, `python_arguments`); a
program in the project's own interpreter runs them in a copy (`project_runs`, `python_observer`); `recording`
keeps those that are worth a test, and checks the tests with the project's runner. Values are in `calls`, and
what a language brings is in `language`, with a module or more for each. It runs nothing without the caller's
word that the user agreed (`run_consent`). The wing knows no model, no question and no editor.
"""
