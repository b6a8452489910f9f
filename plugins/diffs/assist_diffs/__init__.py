"""The content of a diff, without a model: commit `messages`, and the `remarks` of a review.

This is a plugin: no package of the core knows it.
"""
