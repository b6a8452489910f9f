"""The commands `gateway`, `mcp`, `policy` and `complete`: flags, what is read, and what tools are told.

A folder because they are the plugin's only modules that know a terminal.
"""
