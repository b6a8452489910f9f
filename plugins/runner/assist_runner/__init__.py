"""What runs code of a workspace for an answer: new tests whose values it gives, and tests that judge an edit.

`answering` has the answers, and `answering/strategy` is what the core calls, by an entry point.
`characterization_tests` writes tests, `referee` judges edits, `computed_fixes` tries small changes, and
`sandbox` is where all of that runs. Nothing runs without consent (`assist_server.config.run_consent`).

This is a plugin: no package of the core knows it. It knows no editor and no terminal.
"""
