"""From the context of a cursor to ghost text. It knows no LSP, and no network except in the model store."""
