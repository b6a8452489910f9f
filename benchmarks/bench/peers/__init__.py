"""Other tools' completion policies, and the servers that they talk to."""
