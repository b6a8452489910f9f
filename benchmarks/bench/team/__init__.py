"""Ghost text from a team's server: the product's engine and gate over a real model server, and the costs.

It knows no policy of other tools and no prices.
"""
