"""How well the router predicts what the local model can do."""
