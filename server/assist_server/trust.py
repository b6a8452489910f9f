"""Which `.assist.toml` the user has accepted, and as what; asked for when one is new or has changed.

A repository's file only forbids, so what it says holds at once. Accepting it is about what it does not
say any more: while it differs from what was accepted, both hold, and nothing leaves. It asks nobody.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assist_server.config_file import ConfigError, replace_file
from assist_server.config_layers import Statement, stated_in_file, unreadable
from assist_server.repository import places, read

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
