"""What may leave the machine, and to whom: the rules of all authors, and the verdict on one prompt.

This wing only decides. It sends nothing and does not search for secrets.
"""
