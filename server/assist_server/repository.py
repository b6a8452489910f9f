"""The `.assist.toml` of a repository: where it stands, and its bytes.

Strangers write it, so it is read with care: a regular file of its own folder, of a bounded size. What it
says is `config_layers`' to tell, and whether the user accepted it is `trust`'s.
"""

import os
import stat
from pathlib import Path

from assist_server.config_file import ConfigError

NAME = ".assist.toml"
MOST_BYTES = 250_000
# tomllib takes time with the square of a key's dots: 8,000 of them 0.6 s, 120 lines of 1,000 0.8 s.
_MOST_LINE = 2000


def places(root: Path) -> tuple[Path, ...]:
    """Where a file holds for the folder `root`: in it, and in those above it up to the top of its repository.

    The innermost comes first; none need exist. Outside a repository it is the folder alone.
    """
    root = Path(os.path.realpath(root))
    folders: list[Path] = []
    for folder in (root, *root.parents):
        folders.append(folder)
        if os.path.lexists(folder / ".git"):
            return tuple(each / NAME for each in folders)
    return (root / NAME,)


def read(path: Path) -> bytes | None:
    """The bytes of a repository's file; None where there is none.

    `ConfigError` where it is not a regular file of this folder, too long, or cannot be read.
    """
    if not os.path.lexists(path):
        return None
    real = os.path.realpath(path)
    if not real.startswith(os.path.join(path.parent, "")):
        raise ConfigError(f"{path} is a link out of its folder: put the file itself there")
    try:
        # Neither a link put in its place meanwhile, nor a pipe that nobody writes to.
        handle = os.open(real, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise ConfigError(f"{path} is no regular file: put a file of text there, or nothing")
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror}): change that, or remove it") from error
    if len(raw) > MOST_BYTES or any(len(line) > _MOST_LINE for line in raw.split(b"\n")):
        raise ConfigError(f"{path} is too long: use {MOST_BYTES:,} bytes, and {_MOST_LINE:,} a line, at most")
    return raw
