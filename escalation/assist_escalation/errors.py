"""The errors of this package, one class for each way in which a caller reacts."""


class EscalationError(Exception):
    """The base class. The message names the thing, the value and the remedy, and never holds a secret."""


class RefusedError(EscalationError):
    """The policy or the budget forbids the request. `cause` is a stable word for programs."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause
