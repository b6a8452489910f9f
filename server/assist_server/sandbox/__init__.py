"""Runs a repository's own tests on a copy of its files, in a sandbox, and breaks functions on purpose.

It knows processes, trees of files and runners of tests. It knows no model, no task and no editor.
"""
