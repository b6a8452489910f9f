"""What an answer to a task is worth, in numbers from 0 to 1: by tests, by similarity, by rank.

It compares texts and reads results of tests. It runs nothing and knows no candidate.
"""
