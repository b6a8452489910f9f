"""The settings at the terminal: `assist config`.

This wing shows, checks, changes and accepts settings files. It does not know what a setting does.
"""
