"""Settings: from TOML, environment and editor to one checked value, with who may say what.

This wing is the only reader of what users set. It opens no model and no workspace.
"""
