"""Tests whose values come from running the code: proposed calls, what they came to, and the text of tests.

A model proposes calls, and so do examples, callers and signatures; a program in the project's own interpreter
(`programs`) runs them in a copy (`project_runs`); `recording` keeps those that are worth a test, and checks
the tests with the project's runner. Values are in `calls`; what a language brings is in `language`, with a
folder for each. It runs nothing without the caller's word that the user agreed (`run_consent`). The wing
knows no model, no question and no editor.
"""
