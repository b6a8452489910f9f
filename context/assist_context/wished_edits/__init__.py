"""Edits that need no model: a wish that is clearly one of a few, and the change that it means, by syntax.

`reading` turns words into a wish, or into nothing; each other module makes one kind of wish. What is not
certain is not made: then there is no edit, and the wish is a model's. This wing knows no model and no disk.
"""
