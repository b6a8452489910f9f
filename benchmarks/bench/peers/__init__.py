"""The completion policies of other tools, and the servers that they use."""
