"""The fit of the show gate: which suggestions are held back."""
