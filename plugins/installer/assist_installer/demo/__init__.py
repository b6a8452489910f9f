"""The demo: real completions in a small workspace, through a real language server.

It is a folder because the workspace that it shows is data of its own.
"""
