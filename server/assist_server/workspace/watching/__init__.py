"""Changed files, where the editor does not tell about them: watched by the system, told in batches.

This wing owns watchdog. It knows paths, and nothing about what is in the files.
"""
