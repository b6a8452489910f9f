"""Who answers a question, the local model or a provider, and how well that choice did.

This wing scores and decides. It sends nothing and does not know what may leave.
"""
