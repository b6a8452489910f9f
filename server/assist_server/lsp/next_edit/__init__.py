"""Next edits in the language server's messages: our own, and those of clients that know Copilot's server.

This wing knows the messages. What is offered, and when, is decided in `editor.next_edit`.
"""
