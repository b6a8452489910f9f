"""Which names of a text do not exist, by the type checkers that people use.

They are judges that share no code with what they judge. It knows no model and no place.
"""
