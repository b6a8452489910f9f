"""A provider that compares answers: which pairs it sees, what it is asked, and what it says in both orders.

It asks through the gate. It does not rank.
"""
