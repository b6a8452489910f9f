"""The commands `setup` and `models`: flags, questions to the user, and what people and programs read.

A folder because they are the plugin's only modules that know a terminal.
"""
