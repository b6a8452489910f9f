"""The value of context from other files: holes in packages, the snippets shown, the model's answers."""
