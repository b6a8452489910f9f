"""How well the router tells what the local model can do."""
