"""Which candidate is better, and whether that is more than chance: differences, intervals, a common ranking.

It takes scores and preferences. It knows no text and no model.
"""
