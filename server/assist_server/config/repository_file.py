"""The `.assist.toml` of a repository: where it is, its bytes, and whether the user accepted it.

Strangers write it, so it is read with care: it must be a regular file in its own folder, of limited size. It
can only forbid, so what it says applies at once. The user accepts what it no longer forbids: while it differs
from the accepted text, both apply, and nothing leaves. What the text means is up to `layers`.
"""

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assist_completion.settings import CompletionSettings
from assist_context.files.repository_top import folders_to_top
from assist_server.config.layers import Statement, statement_of_file, unreadable_statement
from assist_server.config.toml_file import ConfigError, replace_file

NAME = ".assist.toml"
MAX_BYTES = 250_000
# tomllib's time grows with the square of a key's dots: 8,000 dots take 0.6 s, 120 lines of 1,000 take 0.8 s.
_MAX_LINE = 2000


def candidate_files(root: Path) -> tuple[Path, ...]:
    """The files that would apply to `root`: in it, and in the folders above, up to its repository's top.

    The innermost comes first; none need exist. Outside of a repository only the folder itself counts.
    """
    return tuple(Path(folder) / NAME for folder in folders_to_top(os.path.realpath(root)))


def read_raw(path: Path) -> bytes | None:
    """The bytes of a repository's file; None if there is none.

    `ConfigError` if it is not a regular file in this folder, is too long, or cannot be read.
    """
    if not os.path.lexists(path):
        return None
    real = os.path.realpath(path)
    if not real.startswith(os.path.join(path.parent, "")):
        raise ConfigError(f"{path} is a link to a place outside its folder: put the file itself there")
    try:
        # Do not follow a link that replaced it meanwhile, and do not wait for a pipe that has no writer.
        handle = os.open(real, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise ConfigError(f"{path} is not a regular file: replace it with a text file, or remove it")
            raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror}): make it readable, or remove it"
        ) from error
    if len(raw) > MAX_BYTES or any(len(line) > _MAX_LINE for line in raw.split(b"\n")):
        raise ConfigError(f"{path} is too long: use at most {MAX_BYTES:,} bytes, and {_MAX_LINE:,} in a line")
    return raw


TrustState = Literal["none", "new", "changed", "trusted"]
_WORST = ("none", "trusted", "changed", "new")


@dataclass(frozen=True, slots=True)
class Repository:
    """One `.assist.toml`: what it says now, and what the accepted text says if that is different.

    `raw` is None if there is no file, or it cannot be read; then it cannot be accepted as it is.
    """

    path: Path
    state: TrustState
    raw: bytes | None
    now: Statement | None
    before: Statement | None = None


def repositories(root: Path, data: Path) -> tuple[Repository, ...]:
    """All files that apply to a folder, the innermost first. An accepted file that is gone has changed.

    Raises `ConfigError` if the record of accepted files is damaged.
    """
    texts = _accepted_texts(data)
    repositories_seen = (_repository(path, texts.get(str(path))) for path in candidate_files(root))
    return tuple(file for file in repositories_seen if file.state != "none")


def ghost_text_statements(root: Path) -> tuple[CompletionSettings, ...]:
    """Read what a folder's files say about ghost text. An unreadable file says nothing.

    Whether the user accepted a file does not matter: it can only turn something off.
    """
    repositories = []
    for path in candidate_files(root):
        with suppress(ConfigError):
            raw = read_raw(path)
            if raw is not None:
                repositories.append(statement_of_file("repository", path, raw, str(path.parent)).ghost_text)
    return tuple(repositories)


def trust_state(root: Path, data: Path) -> TrustState:
    """Say if the user accepted the folder's files: `trusted` if each is. Raises what `repositories` does."""
    states: list[TrustState] = ["none", *(repository.state for repository in repositories(root, data))]
    return max(states, key=_WORST.index)


def trust(files: tuple[Repository, ...], data: Path) -> None:
    """Accept these files as they were read, not as they may be now.

    Raises `ConfigError` if one is invalid, or the record cannot be written.
    """
    record = dict(_accepted_texts(data))
    for repository in files:
        if repository.now and repository.now.problems:
            raise ConfigError(str(repository.now.problems[0]))
        record.pop(str(repository.path), None)
        if repository.raw is not None:
            record[str(repository.path)] = repository.raw.decode()
    entries = {path: {"sha256": _sha256(text), "text": text} for path, text in sorted(record.items())}
    file = _record_file(data)
    try:
        replace_file(file, json.dumps({"accepted": entries}, indent=1))
    except OSError as error:
        raise ConfigError(f"{file} cannot be written ({error.strerror}): check its folder") from error


def _repository(path: Path, texts: str | None) -> Repository:
    base = str(path.parent)
    before = statement_of_file("repository", path, texts.encode(), base) if texts is not None else None
    try:
        raw = read_raw(path)
    except ConfigError as error:
        wrong = unreadable_statement("repository", path, str(error), base)
        return Repository(path, "changed" if before else "new", None, wrong, before)
    if raw is None:
        return Repository(path, "changed" if before else "none", None, None, before)
    now = statement_of_file("repository", path, raw, base)
    if texts is None:
        return Repository(path, "new", raw, now)
    if texts.encode() == raw:
        return Repository(path, "trusted", raw, now)
    return Repository(path, "changed", raw, now, before)


def _accepted_texts(data: Path) -> Mapping[str, str]:
    """The accepted texts by the paths of their files."""
    file = _record_file(data)
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


def _record_file(data: Path) -> Path:
    return data / "trusted.json"


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
