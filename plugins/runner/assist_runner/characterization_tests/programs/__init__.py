"""Programs that run in a project's own interpreter, by their text: for assist they are data.

It is a folder of its own because other rules hold here: they live through all that a call may do, and know
nothing but the library of their language, in any version of it.
"""
