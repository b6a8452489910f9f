"""Edits that need no model: a wish that is clearly one of a few, and the change that it means, by syntax.

`reading` turns words into a wish, or into nothing; each other module makes one kind of wish. What is not
certain is not made: then there is no edit, and the wish is a model's. Nothing here knows a model.
Where files are read and programs are started is `strategy`, the way to answer. The core finds it by an entry
point: this is a plugin, which no package of the core knows.
"""
