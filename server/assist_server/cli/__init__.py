"""The command line, `assist`.

This wing owns typer. It parses arguments, calls the other wings and prints.
"""
