"""From figures to settings: for each threshold what would be escalated, be right, and cost.

It takes numbers, and gives a table and the text of settings. It puts nothing in force.
"""
