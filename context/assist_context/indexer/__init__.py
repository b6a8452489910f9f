"""The processes that keep an index up to date while an editor or a command uses it.

This wing knows processes, pipes and due times. It leaves reading to `files` and keeping to `index`.
"""
