"""Expected errors of commands, and their exit codes.

Any other error is a bug and keeps its traceback.
"""

import errno
import sys

from assist_completion.errors import CompletionError
from assist_escalation.errors import EscalationError, RefusedError
from assist_server.config.toml_file import ConfigError

FAILED = 1
WRONG_USAGE = 2
REFUSED = 3  # by a policy or a budget
RULES_FAILED = 4  # a policy does not do what its owner expects of it
INTERRUPTED = 130


class UserError(Exception):
    """A command cannot do what the user wants. The message names the thing, the value and the remedy."""

    def __init__(self, message: str, code: int = FAILED, *, is_printed: bool = False) -> None:
        super().__init__(message)
        self.code = code
        self.printed = is_printed  # the document of --json is on stdout already


EXPECTED = (UserError, ConfigError, CompletionError, EscalationError)


def exit_code(error: Exception) -> int:
    """The exit code for an expected error."""
    if isinstance(error, RefusedError):
        return REFUSED
    return error.code if isinstance(error, UserError) else FAILED


def details(error: Exception) -> dict[str, str]:
    """Return what JSON says of an expected error with its message: the stable word for a refusal's cause."""
    return {"cause": error.cause} if isinstance(error, RefusedError) else {}


def is_unread(error: BaseException, *, windows: bool = sys.platform == "win32") -> bool:
    """Say if an error says that no program reads the output any more. Windows calls that a wrong argument.

    >>> [is_unread(OSError(errno.EINVAL, ""), windows=windows) for windows in (True, False)]
    [True, False]
    >>> is_unread(OSError(errno.EINVAL, "", "a:b"), windows=True), is_unread(BrokenPipeError())
    (False, True)
    """
    if not windows or not isinstance(error, OSError):
        return isinstance(error, BrokenPipeError)
    return error.errno in (errno.EPIPE, errno.EINVAL) and error.filename is None
