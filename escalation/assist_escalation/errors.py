"""What can go wrong in this package, as far as callers act on it differently."""


class EscalationError(Exception):
    """The root. The message names the thing, the value and the remedy, and never holds a secret."""


class RefusedError(EscalationError):
    """Policy or budget forbid to send a request. `cause` is a stable word for programs."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause
