"""Answers by running code: new tests (`recorded_answer`), and edits that tests judge (`refereed_answer`).

What is known before anything runs is in their plans. It knows no editor and no terminal.
"""
