"""What answers are worth: scores, results, which candidate is better by more than chance, guards, thresholds.

It takes answers and the texts of tasks. It asks no candidate.
"""
