"""The files of a folder: which of them may be read, and under which content id.

This wing knows git, ignore rules and the deny list. It knows nothing about what the files say.
"""
