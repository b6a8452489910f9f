"""The texts of a workspace's secret files, so that their values are found wherever else they occur.

It reads the files that the deny list names, and the files of data that the user's own globs deny, in the
folders where people put them; for a question about a diff, also as they were before it, and for one in an
editor, as they are there. It sends and shows nothing.
"""

import codecs
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from assist_context.documents import Document
from assist_context.files.blobs import FRESH_NS
from assist_context.files.denylist import denied_by
from assist_context.files.path_names import INSTALLED_FOLDERS, VERSION_CONTROL, path_below
from assist_context.files.repository_top import find_top
from assist_escalation.policy.path_globs import covers
from assist_escalation.policy.permissions import Glob

if TYPE_CHECKING:
    from assist_context.files.git_repository import Git
    from assist_server.workspace.folder_diff import FolderDiff

MAX_FOLDERS = 2_000  # listing them takes 20 ms; deeper folders hold vendored code with its own examples
MAX_FILES = 1_000
MAX_BYTES = 1_000_000  # of one file; key stores are binary
MAX_BYTES_IN_ALL = 8_000_000  # reading them takes 6 ms, and splitting them into values 3 s
_SKIPPED = VERSION_CONTROL | INSTALLED_FOLDERS
_BUILT = frozenset({"target", "dist", "build", "out", "vendor"})  # listed after all the other folders
_DATA = (
    ".yml", ".yaml", ".json", ".jsonc", ".toml", ".ini", ".cfg", ".conf", ".cnf", ".config", ".properties",
    ".xml", ".plist", ".tfvars", ".txt", ".netrc", ".csv",
)  # fmt: skip
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


@dataclass(slots=True)
class SecretTexts:
    """The texts of secret files, by path. Files that cannot be read are left out.

    `denied` are on the built-in list, `user_denied` match a glob of the user's. `incomplete` says which bound
    was reached, or is empty. `stamps` tell the states of the files and folders that were looked at from later
    ones.
    """

    denied: dict[str, str] = field(default_factory=dict, repr=False)
    user_denied: dict[str, str] = field(default_factory=dict, repr=False)
    incomplete: str = ""
    size: int = 0
    stamps: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False, compare=False)


def secret_texts(roots: tuple[str, ...], globs: Sequence[Glob] = ()) -> SecretTexts:
    """The texts of the secret files in the repositories of `roots`."""
    texts = SecretTexts()
    for root in dict.fromkeys(find_top(root) or root for root in roots):
        for path, ours in _secret_files(root, globs, texts):
            if len(texts.denied) + len(texts.user_denied) == MAX_FILES:
                texts.incomplete = f"more than {MAX_FILES:,} secret files"
                return texts
            if texts.size > MAX_BYTES_IN_ALL:
                texts.incomplete = f"secret files of more than {MAX_BYTES_IN_ALL:,} bytes"
                return texts
            texts.stamps[str(path)] = _stamp(path)
            text = _read(path)
            if text:
                texts.size += len(text)
                (texts.denied if ours else texts.user_denied)[str(path)] = text
    return texts


def are_current(texts: SecretTexts) -> bool:
    """Say if the disk says the same as when they were read; 3 ms for 2,000 folders, and reading takes 40."""
    return all(stamp and _stamp(path) == stamp for path, stamp in texts.stamps.items())


def _stamp(path: str | Path) -> tuple[int, ...]:
    """Return a stamp of a file's or folder's state; nothing where it may change without a trace."""
    try:
        status = os.stat(path)
    except OSError:
        return (0,)
    if status.st_mtime_ns > time.time_ns() - FRESH_NS:
        return ()
    return (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def old_secret_texts(git: "Git", diff: "FolderDiff", globs: Sequence[Glob] = ()) -> SecretTexts:
    """The texts that secret files had before a diff, which may have moved their values elsewhere."""

    def is_ours(path: str) -> bool:
        return bool(denied_by(os.path.relpath(path, diff.top)))

    def is_secret(path: str) -> bool:
        return is_ours(path) or (
            _is_data(os.path.basename(path)) and is_denied_by_user(path, diff.top, globs)
        )

    from assist_server.workspace.folder_diff import old_contents  # noqa: PLC0415  (git, for few questions)

    texts = SecretTexts()
    for path, content in old_contents(git, diff, is_secret).items():
        if len(content) <= MAX_BYTES:
            (texts.denied if is_ours(path) else texts.user_denied)[path] = get_text(content)
    return texts


def opened_secret_texts(
    documents: Mapping[str, Document], roots: Sequence[str], globs: Sequence[Glob] = ()
) -> SecretTexts:
    """The texts of secret files among the `documents` open in an editor, by path; they may be unsaved.

    Of a long one it is the beginning.
    """
    texts = SecretTexts()
    for path, document in documents.items():
        if denied_by(_inside(path, roots)):
            texts.denied[path] = document.text[:MAX_BYTES]
        elif _is_data(os.path.basename(path)) and any(is_denied_by_user(path, root, globs) for root in roots):
            texts.user_denied[path] = document.text[:MAX_BYTES]
    return texts


def _inside(path: str, roots: Sequence[str]) -> str:
    """The path in the first of the folders that holds it: the folders above it deny nothing."""
    matches = (root for root in roots if path.startswith(os.path.join(root, "")))
    root = next(matches, "")
    return os.path.relpath(path, root) if root else path


def join_texts(texts: SecretTexts, more: SecretTexts) -> SecretTexts:
    """The texts of both; a file may be in both."""
    return SecretTexts(
        _join(texts.denied, more.denied),
        _join(texts.user_denied, more.user_denied),
        texts.incomplete or more.incomplete,
        texts.size + more.size,
    )


def _join(texts: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    return {path: "\n".join(filter(None, (texts.get(path), more.get(path)))) for path in {**texts, **more}}


def _read(path: Path) -> str:
    try:
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            return ""
        return get_text(path.read_bytes())
    except OSError:
        return ""


def get_text(data: bytes) -> str:
    """A text in UTF-8 or UTF-16, with or without a byte order mark; none of a binary file."""
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    zeros = data[:2_000].count(0)
    if not zeros:
        return data.decode("utf-8", errors="replace")
    if zeros * 3 < len(data[:2_000]):
        return ""
    return data.decode("utf-16-be" if data[0] == 0 else "utf-16-le", errors="replace")


def _secret_files(root: str, globs: Sequence[Glob], texts: SecretTexts) -> Iterator[tuple[Path, bool]]:
    """Secret files, breadth first, and whether the built-in list names them."""
    queue = [(root, "")]  # a folder, and what its files' paths in the root begin with
    built = list[tuple[str, str]]()
    number = 0
    while number < len(queue):
        if number == MAX_FOLDERS:
            texts.incomplete = f"more than {MAX_FOLDERS:,} folders"
            return
        folder, begin = queue[number]
        number += 1
        texts.stamps[folder] = _stamp(folder)
        for entry in _entries(folder):
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _SKIPPED:
                    (built if entry.name in _BUILT else queue).append((entry.path, f"{begin}{entry.name}/"))
            elif denied_by(begin + entry.name):
                yield Path(entry.path), True
            elif globs and _is_data(entry.name) and is_denied_by_user(entry.path, root, globs):
                yield Path(entry.path), False
        if number == len(queue):
            queue += built
            built = []


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        return sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return []


def _is_data(name: str) -> bool:
    """Say if a file holds data, whose values can be secrets, and not code, whose words are ordinary."""
    dot = name.rfind(".")
    return (dot > 0 and name[dot:].lower() in _DATA) or name.startswith(".env")


def is_denied_by_user(path: str, root: str, globs: Sequence[Glob]) -> bool:
    """Say if one of the user's globs denies an absolute path. Those without a base begin at `root`."""
    for glob in globs:
        inside = path_below(path, glob.base or root)
        if inside is not None and covers(glob.pattern, inside):
            return True
    return False
