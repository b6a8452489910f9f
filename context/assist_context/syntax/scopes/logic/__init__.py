"""The logic of code, statement by statement: operators, literals, calls, and the conditions that hold.

It is a wing of its own since it reads all nodes of a text by their kind, in every language, and no names.
It knows one text; what differs between two is for `facts/logic`.
"""
