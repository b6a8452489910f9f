"""The errors of this package. Callers handle each subclass differently."""


class CompletionError(Exception):
    """The root of all errors here. The message names the thing, the value and the remedy."""


class ModelError(CompletionError):
    """The model file is missing or broken, or it does not support infilling."""


class DeviceError(ModelError):
    """A device that computes in place of the processor failed. The processor can still do it."""


class NoDeviceError(DeviceError):
    """There is no such device here, or no driver for it."""


class MissingModelError(ModelError):
    """The model is not on this machine yet. It may be fetched later."""


class TooLongError(CompletionError):
    """A conversation is `excess` tokens too long for a model's window.

    The caller can leave something out and try again.
    """

    def __init__(self, message: str, excess: int) -> None:
        super().__init__(message)
        self.excess = excess


class ServedError(CompletionError):
    """A server gave no text. `away`: it failed or did not answer; else it was not asked, and may be well.

    `passing`: only because of what is being typed at this moment.
    """

    def __init__(self, message: str, *, away: bool, passing: bool = False) -> None:
        super().__init__(message)
        self.away = away
        self.passing = passing
