"""Edits by the local model: tasks with an answer that a program can judge, and who is asked to do them.

It knows the functions of the data set and the product's own path. Nothing here words a prompt but the bare
one that the product is compared with.
"""
