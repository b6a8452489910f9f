"""What context from other files is worth: places in packages, what is shown there, what a model answers."""
