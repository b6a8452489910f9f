"""What may leave the machine, and to whom: the rules of all authors, and the verdict about one prompt.

This wing only decides. It sends nothing and searches for no secrets.
"""
