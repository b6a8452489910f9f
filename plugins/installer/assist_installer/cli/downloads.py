"""What the commands that fetch share: where from, and how much has arrived."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from assist_server.cli.flags import option
from assist_server.cli.output import say
from assist_server.wording.amounts import megabytes

OfflineFrom = Annotated[
    Path | None,
    option(
        "--offline-from",
        "DIR",
        "Install the model from this directory, which holds its .gguf file or the wheels that contain it.",
    ),
]


@contextmanager
def show_download(name: str) -> Iterator[Callable[[int, int], None]]:
    """Shows bytes of a total on stderr: a bar on a terminal, else a line for every tenth."""
    if not sys.stderr.isatty():
        yield _print_tenths(name)
        return
    from assist_server.cli.terminal.tables import show_count  # noqa: PLC0415  (rich: 0.1 s)

    with show_count(name, of_bytes=True) as progress:
        yield progress


def _print_tenths(name: str) -> Callable[[int, int], None]:
    last_tenth = -1

    def progress(done: int, total: int) -> None:
        nonlocal last_tenth
        tenth = 10 * done // total if total else 0
        if tenth != last_tenth:
            last_tenth = tenth
            say(f"{name}: {megabytes(done) if done else '0 MB'} of {megabytes(total)}")

    return progress
