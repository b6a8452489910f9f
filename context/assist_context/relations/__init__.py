"""How the files of a workspace belong together: imports, tests, translations, importance.

This wing works on paths, names and counts. It reads no file and no database.
"""
