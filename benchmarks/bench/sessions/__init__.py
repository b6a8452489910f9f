"""Sessions of agents: a scripted model that leads one, and the replay of what it sent through the gate.

What records knows the dialects and the agents' tools; only `replay` knows the gateway.
"""
