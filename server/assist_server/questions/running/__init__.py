"""New tests by running the code: what is known before (`recording_plan`), and the answer (`recorded_answer`).

It is a folder of its own because only `test` runs code. It knows no editor and no terminal.
"""
