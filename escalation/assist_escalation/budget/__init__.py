"""Money: it is reserved before a request, settled after it, and bounded by limits.

This wing owns the ledger and the list prices. It does not know the questions.
"""
