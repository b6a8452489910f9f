"""Running a model: the thread that owns it, cached prompts, completions and answers token by token.

This wing owns llama.cpp. It does not know how a result is shown, or to whom.
"""
