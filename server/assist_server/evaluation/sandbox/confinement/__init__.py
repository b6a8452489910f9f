"""The inner side of the sandbox: processes that give up their rights and then start a command.

They run with Python's own library alone, in Linux. They know no repository and no test, and print nothing.
"""
