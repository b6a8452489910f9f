"""Relations between the files of a workspace: imports, tests, translations.

This wing works on paths and names. It reads no file and no database.
"""
