"""Settings: from TOML, the environment and the editor to one checked value, and who may set what.

Only this wing reads what users set. It opens no model and no workspace.
"""
