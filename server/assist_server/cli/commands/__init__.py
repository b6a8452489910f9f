"""The commands of `assist`, a module for each subject."""
