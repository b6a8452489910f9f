"""The tokens of tools: each names a tool and the folders whose rules hold for it.

A token is shown once. The private file in the data directory keeps its hash, which is enough to recognize it:
it is random and long, so no one can try them all. This module knows no request.
"""

import hashlib
import json
import os
import re
import secrets
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assist_context import durable_files
from assist_server.errors import WRONG_USAGE, UserError

PREFIX = "assist-"
LONGEST_NAME = 32
MAX_TOOLS = 100
_NAME = re.compile(rf"[a-z0-9][a-z0-9._-]{{0,{LONGEST_NAME - 1}}}")
_LONGEST_HEADER = 200


@dataclass(frozen=True, slots=True)
class ToolToken:
    """A tool that may ask. `folders` are absolute and resolved; their rules hold for all that it sends.

    `unattributed`: text of which no one knows where it comes from may leave. `ceiling_usd` bounds what the
    tool spends in a day (UTC), None for no bound of its own.
    """

    name: str
    folders: tuple[Path, ...]
    unattributed: bool = False
    ceiling_usd: float | None = None


@dataclass(frozen=True, slots=True)
class _KeptToken:
    """A tool with the hash of its token."""

    digest: str
    tool: ToolToken


def token_file(data: Path) -> Path:
    """The file of a data directory that keeps all tokens."""
    return data / "gateway" / "tokens.json"


class KnownTools:
    """Recognizes tools by their tokens; reads the file again after it has changed."""

    def __init__(self, data: Path) -> None:
        self._file = token_file(data)
        self._seen: tuple[int, int, int] | None = None
        self._kept: tuple[_KeptToken, ...] = ()

    def tool_of(self, authorization: str) -> ToolToken | None:
        """The tool of an `Authorization` header, `Bearer TOKEN` or the token alone. None if no one has it.

        Raises `UserError` if the file cannot be believed.
        """
        scheme, _, rest = authorization.strip().partition(" ")
        token = rest.strip() if scheme.lower() == "bearer" else authorization.strip()
        if not token.startswith(PREFIX) or len(token) > _LONGEST_HEADER:
            return None
        digest = _digest(token)
        found = None
        for kept in self._now():
            if secrets.compare_digest(kept.digest, digest):
                found = kept.tool
        return found

    def _now(self) -> tuple[_KeptToken, ...]:
        try:
            facts = self._file.stat()
        except FileNotFoundError:
            return ()
        seen = (facts.st_ino, facts.st_mtime_ns, facts.st_size)
        if seen != self._seen:
            self._kept = _read(self._file)
            self._seen = seen
        return self._kept


def tools(data: Path) -> tuple[ToolToken, ...]:
    """All tools that have a token. Raises `UserError`."""
    return tuple(kept.tool for kept in _read(token_file(data)))


def add_tool(data: Path, tool: ToolToken) -> str:
    """Make a token for a tool; it is kept nowhere but in what this returns. Raises `UserError`."""
    if not _NAME.fullmatch(tool.name):
        raise UserError(
            f"{tool.name!r} is not a tool's name: use up to {LONGEST_NAME} small letters, digits, '.', '-' "
            "or '_', as in `aider`.",
            WRONG_USAGE,
        )
    token = PREFIX + secrets.token_urlsafe(32)
    with _file_lock(data):
        kept = _read(token_file(data))
        if any(known.tool.name == tool.name for known in kept):
            raise UserError(
                f"{tool.name} has a token already: revoke it with `assist gateway revoke {tool.name}`, then "
                "make "
                "a new one."
            )
        if len(kept) >= MAX_TOOLS:
            raise UserError(
                f"There are already {len(kept)} tokens, and no more are allowed: revoke some with `assist "
                "gateway revoke NAME`."
            )
        _write(data, (*kept, _KeptToken(_digest(token), tool)))
    return token


def revoke_tool(data: Path, name: str) -> None:
    """End the token of a tool. Raises `UserError` if there is none."""
    with _file_lock(data):
        kept = _read(token_file(data))
        left = tuple(known for known in kept if known.tool.name != name)
        if len(left) == len(kept):
            names = ", ".join(known.tool.name for known in kept)
            hint = f"choose from {names}" if names else "there are no tokens yet"
            raise UserError(f"There is no token for {name!r}: {hint}.")
        _write(data, left)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _file_lock(data: Path) -> Any:
    from filelock import FileLock  # noqa: PLC0415

    folder = token_file(data).parent
    durable_files.make_folder(folder)
    return FileLock(folder / "tokens.lock", timeout=5, mode=0o600)


def _write(data: Path, kept: Sequence[_KeptToken]) -> None:
    file = token_file(data)
    rows = [
        {
            "name": known.tool.name,
            "sha256": known.digest,
            "folders": [str(folder) for folder in known.tool.folders],
            "unattributed": known.tool.unattributed,
            "ceiling_usd": known.tool.ceiling_usd,
        }
        for known in kept
    ]
    durable_files.replace(file, json.dumps({"tokens": rows}, indent=1).encode())
    durable_files.sync(file.parent)


def _read(file: Path) -> tuple[_KeptToken, ...]:
    """The tokens of a file; none if there is no file. Raises `UserError` for one that is not believed."""
    try:
        with file.open("rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            raw = stream.read()
    except FileNotFoundError:
        return ()
    if os.name != "nt" and stat.S_IMODE(mode) & 0o077:
        raise UserError(f"{file} can be read by others: remove their access with `chmod 600`.")
    try:
        return tuple(_kept_token(row) for row in json.loads(raw)["tokens"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UserError(f"{file} is damaged: remove it and make new tokens.") from None


def _kept_token(row: dict[str, Any]) -> _KeptToken:
    ceiling = row["ceiling_usd"]
    tool = ToolToken(
        str(row["name"]),
        tuple(Path(folder) for folder in row["folders"]),
        row["unattributed"] is True,
        None if ceiling is None else float(ceiling),
    )
    if not tool.folders or not all(folder.is_absolute() for folder in tool.folders):
        raise ValueError("no folder")
    return _KeptToken(str(row["sha256"]), tool)
