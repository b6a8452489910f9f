"""The requests of other tools on their way to a provider: the same stages as a question of ours passes.

It is a folder because ours and theirs share no step but the ledger, the log and the transport.
This wing knows texts, places in a JSON and money. It knows no dialect, no path of a file and no HTTP server.
"""
