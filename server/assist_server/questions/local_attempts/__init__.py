"""How the model on this machine is asked: what fits its window, and what a second attempt changes.

It knows drafts and conversations. It shows nothing, and knows no provider.
"""
