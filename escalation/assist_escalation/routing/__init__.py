"""Who answers a question, the local model or a provider, and how good earlier choices were.

This wing scores and decides. It sends nothing and does not know what may leave the machine.
"""
