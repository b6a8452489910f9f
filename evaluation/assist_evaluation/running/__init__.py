"""An evaluation from the wish to its results: tasks and candidates made ready, rounds of answers, what left.

It asks candidates until the time or the money is used up, and keeps every answer for the next run. It knows
the order of the work and the files that it is kept in. It does not rank.
"""
