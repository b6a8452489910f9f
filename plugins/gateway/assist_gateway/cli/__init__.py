"""The commands `gateway`, `mcp` and `policy`: flags, and what people and programs read.

A folder because they are the plugin's only modules that know a terminal.
"""
