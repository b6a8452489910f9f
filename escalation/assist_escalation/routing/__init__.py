"""The choice of the local model or a provider for a question, and how good earlier choices were.

This wing scores and decides. It sends nothing and does not know what may leave the machine.
"""
