"""One loaded model for several processes of a user: a command asks the model of a running language server.

They talk over a socket in the file system that only its owner can open. Nothing here reaches a network.
This wing knows conversations and answers, not what a question is about.

It is a folder because both ends of the socket are here, and nothing else speaks to it.
"""
