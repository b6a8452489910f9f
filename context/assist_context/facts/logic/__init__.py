"""Whether an edit keeps what code does: both texts compared by syntax, over all files of the edit.

It is a wing of its own since it reads whole statements and conditions, where `turned_tokens` compares lines.
It knows no model and no editor; what is asked because of a change is for others.
"""
