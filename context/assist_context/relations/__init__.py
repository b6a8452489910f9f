"""How the files of a workspace belong together: imports, tests, translations.

This wing works on paths and names. It reads no file and no database.
"""
