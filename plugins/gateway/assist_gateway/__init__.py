"""What serves other programs: the endpoint for tools, the server for agents, and trials of what may leave.

The modules here and in `http`, `dialects` and `road` are the endpoint: who asks, what is asked in which
dialect, and the road that a request takes, to the local model or through the gate to a provider. `mcp_server`
answers agents, `policy_tests` tries a team's rules, also through the endpoint, and `cli` has the commands, of
which `complete` writes at a cursor what an editor would show, or at those of a batch.

This is a plugin: no other package knows it, and the command line finds `cli` by entry points. It knows no
editor, and only `http` knows sockets.
"""
