"""The path of an edit on disk, and the files that the user must confirm before they are edited.

A path must be inside the folder of its workspace, wherever links lead. An edit of a protected file can run
code at the next build, commit or test, or allow more to the next edit. So the user must confirm it, whatever
the settings say. Files that no edit may touch are in `assist_context.files.denylist`.
This module reads names and links, never contents, and writes nothing.
"""

import re
import sys
import tomllib
from collections.abc import Mapping
from fnmatch import translate
from importlib.resources import files
from pathlib import Path
from unicodedata import normalize

from assist_context.files.denylist import denied_by
from assist_escalation.edits.plan import EditError

_TABLE = tomllib.loads((files(__package__) / "protected_files.toml").read_text(encoding="utf-8"))
_NAMED, _FOLDERS, _PLACED = (
    re.compile("|".join(translate(name) for group in _TABLE[kind] for name in group["names"].split()))
    for kind in ("files", "folders", "placed")
)


# Devices, streams of other files, and what Windows leaves out at the end of a name.
_NO_NAME = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[\d¹²³])\ *(?:\..*)?|.*[<>:\"|?*\x00-\x1f].*|.*[ .]",
    re.IGNORECASE | re.DOTALL,
)


def protected_by(path: str) -> str | None:
    """The part of a path that makes it protected, or None.

    Names that begin with a dot belong to tools: `.git`, `.github`, `.vscode`, `.assist.toml`, `.env`.

    >>> protected_by(".GitHub/workflows/ci.yml"), protected_by("web/package.json"), protected_by("src/a.py")
    ('.GitHub', 'package.json', None)
    """
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".")]
    for part in parts:
        if _plain(part).startswith("."):
            return part
    for part in parts[:-1]:
        if _FOLDERS.match(_plain(part)):
            return part
    rule = parts and (_NAMED.match(_plain(parts[-1])) or _PLACED.match("/".join(map(_plain, parts[-2:]))))
    return parts[-1] if rule else None


def _plain(name: str) -> str:
    """A name as tolerant file systems compare it: no case, stream, invisible characters or final blanks."""
    printable = "".join(character for character in normalize("NFKC", name) if character.isprintable())
    return printable.casefold().partition(":")[0].rstrip(". ")


def find_place(
    path: str, roots: Mapping[str, Path], *, is_confirmed: bool, windows: bool = sys.platform == "win32"
) -> Path:
    """The real path of `path`, which need not exist. `EditError` if it is not inside its root.

    `roots` maps the beginning of a path to a folder: `{"": folder}` for one root, or `{"api": ..., "web":
    ...}`. `is_confirmed`: the user confirmed this protected file. A link to a protected file is refused.
    """
    parts = path.split("/")
    if not all(parts) or {".", ".."} & set(parts) or "\\" in path or "\0" in path or Path(path).is_absolute():
        raise EditError(f"{path!r} is not a path inside a workspace: ask again")
    if windows and any(map(_NO_NAME.fullmatch, parts)):
        raise EditError(f"{path!r} is not a valid file name on Windows: ask again")
    names = [name for name in roots if name == "" or path.startswith(name + "/")]
    if not names:
        raise EditError(f"{path} is not in a folder of this workspace: open its folder")
    name = max(names, key=len)
    try:
        root = roots[name].resolve(strict=True)
        place = (root / path[len(name) :].lstrip("/")).resolve()
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle, before Python 3.13
        raise EditError(
            f"{path} cannot be found: {type(error).__name__}; check its folder and links"
        ) from error
    if place == root or not place.is_relative_to(root):
        raise EditError(f"{path} leads out of its workspace, to another folder: edit it there, by hand")
    inner = place.relative_to(root).as_posix()
    if denial := denied_by(inner):
        raise EditError(f"assist never edits {inner} ({path}; built-in rule {denial}): edit it by hand")
    if protected_by(inner) and not is_confirmed:
        raise EditError(f"{path} leads to {inner}: ask about that file by its own name")
    return place
