"""The files of a folder: which of them may be read, and the id of each one's content.

This wing knows git, ignore rules and the deny list. It does not know what the files mean.
"""
