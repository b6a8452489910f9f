"""The report of a run for people: its facts as JSON, its charts, and one page that loads nothing.

It draws what the ranking says and computes no figure of its own.
"""
