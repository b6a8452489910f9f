"""What can go wrong in this package, as far as callers act on it differently."""


class CompletionError(Exception):
    """The root. The message names the thing, the value and the remedy."""


class ModelError(CompletionError):
    """The model file is missing, broken or not fit for infilling."""


class MissingModelError(ModelError):
    """The model is not on this machine yet: it may come."""


class FetchError(CompletionError):
    """A model could not be fetched: no source had it, the disk is full, or the bytes are wrong."""
