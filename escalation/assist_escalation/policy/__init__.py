"""The policy, what may leave the machine and to whom: rules of all authors, and a verdict on a prompt.

This wing only decides. It sends nothing and does not search for secrets.
"""
