"""A second model that writes ghost text in a share of the sessions: whether it may, and whether it does.

It knows the settings, the counts of use and the models on this machine. It does not know an editor.
"""
