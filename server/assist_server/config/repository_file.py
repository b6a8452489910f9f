"""The `.assist.toml` of a repository: where it is, its bytes, and whether the user accepted it.

Strangers write it, so it is read with care: a regular file of its own folder, of a bounded size. It
can only forbid, so what it says holds at once. Accepting it is about what it no longer says: while it
differs from what was accepted, both hold, and nothing leaves. What it says is up to `layers`.
"""

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assist_server.config.layers import Statement, stated_in_file, unreadable
from assist_server.config.toml_file import ConfigError, replace_file

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


State = Literal["none", "new", "changed", "trusted"]
_WORST = ("none", "trusted", "changed", "new")


@dataclass(frozen=True, slots=True)
class Repository:
    """One `.assist.toml`: what it says now, and what the accepted one says where that is another.

    `raw` is None where there is no file, or none that can be read; then it cannot be accepted as it is.
    """

    path: Path
    state: State
    raw: bytes | None
    now: Statement | None
    before: Statement | None = None


def repositories(root: Path, data: Path) -> tuple[Repository, ...]:
    """All that hold for a folder, the innermost first; one that was accepted and is gone has changed.

    Raises `ConfigError` where the record of what was accepted is damaged.
    """
    accepted = _accepted(data)
    found = (_repository(path, accepted.get(str(path))) for path in places(root))
    return tuple(each for each in found if each.state != "none")


def trust_state(root: Path, data: Path) -> State:
    """How the folder's files stand with the user: `trusted` if each of them is. Errors as `repositories`."""
    states: list[State] = ["none", *(each.state for each in repositories(root, data))]
    return max(states, key=_WORST.index)


def trust(files: tuple[Repository, ...], data: Path) -> None:
    """Accept these files as they were read, not as they may be by now.

    Raises `ConfigError` where one has something wrong in it, or the record cannot be written.
    """
    record = dict(_accepted(data))
    for each in files:
        if each.now and each.now.problems:
            raise ConfigError(str(each.now.problems[0]))
        record.pop(str(each.path), None)
        if each.raw is not None:
            record[str(each.path)] = each.raw.decode()
    entries = {path: {"sha256": _sha256(text), "text": text} for path, text in sorted(record.items())}
    file = _file(data)
    try:
        replace_file(file, json.dumps({"accepted": entries}, indent=1))
    except OSError as error:
        raise ConfigError(f"{file} cannot be written ({error.strerror}): check the place") from error


def _repository(path: Path, accepted: str | None) -> Repository:
    base = str(path.parent)
    before = stated_in_file("repository", path, accepted.encode(), base) if accepted is not None else None
    try:
        raw = read(path)
    except ConfigError as error:
        wrong = unreadable("repository", path, str(error), base)
        return Repository(path, "changed" if before else "new", None, wrong, before)
    if raw is None:
        return Repository(path, "changed" if before else "none", None, None, before)
    now = stated_in_file("repository", path, raw, base)
    if accepted is None:
        return Repository(path, "new", raw, now)
    if accepted.encode() == raw:
        return Repository(path, "trusted", raw, now)
    return Repository(path, "changed", raw, now, before)


def _accepted(data: Path) -> Mapping[str, str]:
    """The accepted texts by the paths of their files."""
    file = _file(data)
    try:
        entries = json.loads(file.read_bytes())["accepted"]
        texts = {str(path): entry["text"] for path, entry in entries.items()}
        whole = all(_sha256(text) == entries[path]["sha256"] for path, text in texts.items())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror}): change its permissions") from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        whole = False
    if not whole:
        raise ConfigError(f"{file} is damaged: delete it, and accept your repositories' files again")
    return texts


def _file(data: Path) -> Path:
    return data / "trusted.json"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
