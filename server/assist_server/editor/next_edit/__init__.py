"""One editor's next edits: what the user did, what probably comes next, and what became of that.

This wing knows documents, offers and when an editor hears of one. It knows no protocol; how an offer is
found is up to `assist_context.next_edit`.
"""
