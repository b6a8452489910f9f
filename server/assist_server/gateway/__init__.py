"""The endpoint on this machine for other tools: who asks, what is asked, and who answers it.

It knows tokens, the requests of foreign tools in their own dialects, and the road that each of them takes: to
the local model, or through the gate to a provider. It knows no editor and no terminal, and only `http` knows
sockets. Nothing of it is loaded unless a gateway runs.
"""
