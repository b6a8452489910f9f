"""The report of a run for people: its facts as JSON, its charts, and one page that loads nothing.

It draws what `judging` says and computes no figure of its own. It is a wing of its own because nothing that
measures may depend on how it is shown.
"""
