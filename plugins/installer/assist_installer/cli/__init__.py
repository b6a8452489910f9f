"""The commands `setup`, `models`, `demo` and `doctor`: flags, questions to the user, and what is read.

A folder because they are the plugin's only modules that know a terminal.
"""
