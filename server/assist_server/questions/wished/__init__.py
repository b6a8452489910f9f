"""Questions that ask for an edit which needs no model: from the wish to the answer.

It is a folder of its own because only `refactor` and `fix` make edits, and these ask no model. What such a
wish means, and how it is made, is context `wished_edits`.
"""
