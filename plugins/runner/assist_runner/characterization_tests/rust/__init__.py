"""Calls of Rust: how they are proposed, run by cargo, and written as tests.

They run in a module that is appended to a copy of the subject's file, so that they reach what is private.
"""
