"""What can go wrong in this package, as far as callers act on it differently."""


class CompletionError(Exception):
    """The root. The message names the thing, the value and the remedy."""


class ModelError(CompletionError):
    """The model file is missing, broken or not fit for infilling."""


class MissingModelError(ModelError):
    """The model is not on this machine yet: it may come."""


class TooLongError(CompletionError):
    """A conversation does not fit a model's window: the caller leaves something out and asks again.

    `excess` is by how many tokens.
    """

    def __init__(self, message: str, excess: int) -> None:
        super().__init__(message)
        self.excess = excess


class FetchError(CompletionError):
    """A model could not be fetched: no source had it, the disk is full, or the bytes are wrong."""
