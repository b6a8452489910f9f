"""Watching for changed files where the editor does not report them: by the system, in batches.

This wing owns watchdog. It knows paths, and nothing about what is in the files.
"""
