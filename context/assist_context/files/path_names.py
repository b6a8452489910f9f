"""One spelling of a path where a system takes several, and comparing paths whatever their case.

Windows takes both slashes and either case of a drive letter; macOS takes either case and two forms of an
accent. This module follows links, but reads no file.
"""

import os
import re
import sys
from functools import lru_cache
from types import ModuleType
from unicodedata import normalize

# Installed packages and caches: far more files than a repository has itself, and no one's own code.
INSTALLED_FOLDERS = frozenset(
    {"node_modules", ".venv", "venv", "site-packages", "__pycache__", ".tox", ".nox", ".mypy_cache",
     ".ruff_cache", ".pytest_cache", ".hypothesis"}
)  # fmt: skip
VERSION_CONTROL = frozenset({".git", ".hg", ".svn"})
_DRIVE = re.compile(r"[/\\]?([A-Za-z]:)(?=[/\\]|\Z)")
# Of a long path, in each of its forms.
_DEVICE_PREFIX = re.compile(r"\A[/\\](?:[/\\][?.]|\?\?)[/\\](?=[A-Za-z]:)")
_SHARE_PREFIX = re.compile(r"\A[/\\](?:[/\\][?.]|\?\?)[/\\]UNC[/\\]", re.IGNORECASE)
_LONGEST = 1024  # bytes: PATH_MAX of macOS


def native_path(path: str, *, windows: bool = sys.platform == "win32") -> str:
    r"""The path of a decoded file URI as the system writes it, with a drive's letter as a capital.

    >>> native_path("/c:/src/a.py", windows=True), native_path("/home/me/a.py", windows=False)
    ('C:\\src\\a.py', '/home/me/a.py')
    """
    if not windows:  # a path with a drive is one of another machine, and no absolute one here
        return path[1:] if path[2:3] == ":" else path
    path = _SHARE_PREFIX.sub(r"\\\\", _DEVICE_PREFIX.sub("", path))
    if (drive := _DRIVE.match(path)) is not None:
        path = drive[1].upper() + path[drive.end() :]
    return path.replace("/", "\\")


def name_of_bytes(raw: bytes, *, windows: bool = sys.platform == "win32") -> str:
    r"""A path as git or a file has it. Bytes that are not UTF-8 become surrogates, also where Python raises.

    No file on Windows has such a name, but git's index and a `.git` file can.

    >>> name_of_bytes(b"caf\xe9/\xc3\xa9.py", windows=True)
    'caf\udce9/é.py'
    """
    return raw.decode("utf-8", "surrogateescape") if windows else os.fsdecode(raw)


def real_path(path: str) -> str:
    """The path with links resolved, in the spelling that the disk has for it. The file need not exist.

    Raises what `os.path.realpath` raises.
    """
    real = os.path.realpath(path)
    return _disk_spelling(real) if sys.platform == "darwin" else real


def path_below(path: str, folder: str, *, fold: bool = True) -> str | None:
    """The path relative to a folder, with "/"; None if it is not below. With `fold`, no case counts.

    That is for rules that forbid: on a system that tells the spellings apart, they forbid more.

    >>> path_below("/Home/me/Shop/Key/a.py", "/home/me/shop"), path_below("/home/me/shops/a", "/home/me/shop")
    ('Key/a.py', None)
    """
    path = path.replace(os.sep, "/")
    inside = folder.replace(os.sep, "/").rstrip("/") + "/"
    if path.startswith(inside):
        return path[len(inside) :]
    parts = path.split("/")
    above = _folded_parts(folder)
    is_below = fold and len(parts) > len(above) and tuple(map(_fold, parts[: len(above)])) == above
    return "/".join(parts[len(above) :]) if is_below else None


def relative_path(path: str, folder: str, paths: ModuleType = os.path) -> str | None:
    r"""The path relative to a folder, with "/"; None if it is not below, as on another drive of Windows.

    >>> import ntpath
    >>> relative_path(r"c:\shop\Cart\a.py", r"C:\Shop", ntpath), relative_path(r"D:\a.py", r"C:\Shop", ntpath)
    ('Cart/a.py', None)
    """
    try:
        name = paths.relpath(path, folder).replace(paths.sep, "/")
    except ValueError:  # another drive
        return None
    return None if name == ".." or name.startswith("../") else str(name)


@lru_cache(maxsize=1024)
def _folded_parts(folder: str) -> tuple[str, ...]:
    return tuple(map(_fold, folder.replace(os.sep, "/").rstrip("/").split("/")))


@lru_cache(maxsize=8192)
def _fold(name: str) -> str:
    return normalize("NFC", normalize("NFKC", name).upper().casefold())


def _disk_spelling(path: str) -> str:
    """Return how a disk of macOS writes a path; of what does not exist, the folder above it."""
    import fcntl  # noqa: PLC0415 - there is none on Windows

    try:
        handle = os.open(path, getattr(os, "O_EVTONLY", 0x8000) | getattr(os, "O_NONBLOCK", 0))
    except OSError:
        above, name = os.path.split(path)
        return path if not name else os.path.join(_disk_spelling(above), name)
    try:
        raw = fcntl.fcntl(handle, getattr(fcntl, "F_GETPATH", 50), bytes(_LONGEST))
    except OSError:
        return path
    finally:
        os.close(handle)
    return os.fsdecode(raw.partition(b"\0")[0]) or path
