"""Who is asked in an evaluation: local models, a team's server and providers, by the product's own path.

It turns a task into what an editor or a terminal would ask. It does not judge answers.
"""
