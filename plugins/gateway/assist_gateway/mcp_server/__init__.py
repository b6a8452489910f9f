"""`assist mcp`: what an agent may ask about a folder, by the Model Context Protocol.

An agent's model is a provider, so this wing knows what may be shown to one, and shows nothing else: neither
lines nor names nor paths of a file that a rule keeps here. It knows how a result stays short. What is true of
code it asks the context package. `server` alone knows the protocol and its library; no other wing knows this
one but the command line.
"""
