"""How the files of a workspace belong together: imports, tests, common commits, importance.

This wing works on paths, names and counts. Except for git's history, it reads no file and no database.
"""
