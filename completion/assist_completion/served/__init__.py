"""Ghost text from a model that another machine serves: the prompts, the healing, and the text as it comes.

This wing knows no protocol and opens no connection: it has one port, which the server package fills.
"""
