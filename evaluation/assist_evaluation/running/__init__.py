"""Asks candidates in rounds until the time or the money is used up, and keeps every answer for the next run.

It knows the order of the work and the files that it is kept in. It does not rank.
"""
