"""The standard input of a process that reads it on a thread. It does not know what is read."""

import os
from typing import BinaryIO


def take_standard_input() -> BinaryIO:
    """Standard input for the caller alone; everyone else in this process finds it empty.

    Windows lets no one look at a pipe while a thread waits for it, and libraries look at standard input when
    they load: numpy's does. Without this, a model is loaded only once the editor sends its next message.
    """
    source = os.dup(0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    return os.fdopen(source, "rb")
