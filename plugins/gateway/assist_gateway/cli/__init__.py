"""The commands `gateway`, `mcp` and `policy`: flags, what people and programs read, and what tools are told.

A folder because they are the plugin's only modules that know a terminal.
"""
