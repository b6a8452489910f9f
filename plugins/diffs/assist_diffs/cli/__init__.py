"""The commands `commit` and `review`.

It is a wing, though small, because it alone of this plugin knows a terminal.
"""
