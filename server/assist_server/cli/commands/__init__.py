"""The commands of `assist`, one module a subject."""
