"""The models on this machine: the catalog, the installed files, their verification, locks and removal.

Fetching is the installer's work (`plugins/installer`); nothing here opens a connection.
"""
