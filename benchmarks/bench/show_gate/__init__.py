"""The fit of the show gate, which decides which suggestions are held back."""
