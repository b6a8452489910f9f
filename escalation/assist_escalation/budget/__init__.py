"""Money: reserved before a request, settled after it, bounded by limits.

This wing owns the ledger and the list prices. It does not know what is asked, or why.
"""
