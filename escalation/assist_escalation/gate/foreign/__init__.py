"""The requests of other tools on their way to a provider: the same stages as a question of ours passes.

This wing knows texts, places in a JSON and money. It knows no dialect, no path of a file and no HTTP server.
"""
