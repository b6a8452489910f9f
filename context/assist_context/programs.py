"""The path of a program, by the absolute folders of a PATH, and what it needs of the system's variables.

`shutil.which` looks into the current folder first on Windows, and that may be a repository which brings a
program of this name along. This module runs nothing.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

# What Windows runs without an end in a name. Scripts of other kinds need a program of their own.
_ENDS = (".com", ".exe", ".bat", ".cmd") if sys.platform == "win32" else ("",)


_SYSTEM = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT")


def find_program(
    name: str, path: str | None = None, ends: Sequence[str] = _ENDS, outside: Sequence[str] = ()
) -> str | None:
    """The file of a program that a `path` of folders, usually the user's own, has first; None for none.

    A program in a folder of `outside`, or reached by a link into it, does not count.
    """
    path = os.environ.get("PATH", os.defpath) if path is None else path
    names = [name] if name.lower().endswith(tuple(ends)) else [name + end for end in ends]
    for folder in filter(os.path.isabs, path.split(os.pathsep)):
        for file in (os.path.join(folder, program_name) for program_name in names):
            if os.path.isfile(file) and os.access(file, os.X_OK) and not _is_within(file, outside):
                return file
    return None


def _is_within(file: str, roots: Sequence[str]) -> bool:
    """Return whether a file, or what it is a link to, is in a folder, however the two are written."""
    places = (os.path.realpath(os.path.dirname(file)), os.path.dirname(os.path.realpath(file)))
    around = {folder for place in places for folder in (place, *map(str, Path(place).parents))}
    return any(os.path.samefile(folder, root) for root in roots if os.path.isdir(root) for folder in around)


def system_variables() -> dict[str, str]:
    """The variables without which no program of Windows begins, or finds others; none on other systems."""
    return {name: os.environ[name] for name in _SYSTEM if sys.platform == "win32" and name in os.environ}
