"""What can go wrong in this package, as far as callers act on it differently."""


class EscalationError(Exception):
    """The root. The message names the thing, the value and the remedy, and never holds a secret."""
