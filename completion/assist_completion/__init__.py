"""Context in, ghost text out. Knows no LSP, and no network but the model store's."""
