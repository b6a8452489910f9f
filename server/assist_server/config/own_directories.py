"""Directories for a user's settings and data: nowhere that a workspace could bring its own.

Variables such as ASSIST_CONFIG_DIR, XDG_CONFIG_HOME and HOME move these directories, and a folder can set
variables for those who enter it. So what lies in a workspace, or in any repository, is not believed: it
might define providers, name keys, and record what was accepted. Any repository counts, because a submodule, a
further work tree or the clone next door can bring a directory too. A repository around the user's own home
folder is refused. One place is always the user's own: the usual one below the home directory that the
system has for the login.

Modes such as 0600 have no effect on Windows: what is below a user's profile is private there, and what is
elsewhere is for all users, until someone changed that. There and on macOS, the place of an organisation's
policies may be one in which users can create files.

This module reads the system's record of logins, the layout of directories, and who may write there; the
environment it is given.
"""

import ctypes
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

try:
    import pwd
except ImportError:  # Windows
    pwd = None  # type: ignore[assignment]

from assist_context.files.folder_rules import FOLD
from assist_context.files.path_names import path_below
from assist_context.files.repository_top import find_top
from assist_server.config.structure import Problem

# Only an administrator writes here, also where etckeeper keeps a `.git`.
_SYSTEM = os.path.join(os.sep, "etc")
RULES_FILE = "redaction.rules_file"
_PLACES = {"darwin": ("Library/Application Support",) * 2, "win32": ("AppData/Local",) * 2}
_CONFIG, _DATA = _PLACES.get(sys.platform, (".config", ".local/share"))
_USUAL = {"ASSIST_CONFIG_DIR": _CONFIG, "ASSIST_DATA_DIR": _DATA}
_POLICIES = "XDG_CONFIG_DIRS"
_XDG = {"ASSIST_CONFIG_DIR": "XDG_CONFIG_HOME", "ASSIST_DATA_DIR": "XDG_DATA_HOME"}
_QUERY = 0x0008  # TOKEN_QUERY
_OWN_PROCESS = -1  # the handle that GetCurrentProcess gives


def usual_directory(variable: str) -> Path | None:
    """The directory that a login has if no variable moves it; None where the system has no home for it."""
    home = _login_home()
    return Path(home) / _USUAL[variable] / "assist" if home else None


def _login_home() -> str:
    """The home directory that the system has for the login; "" for none."""
    if pwd is None:
        return private_profile()
    try:
        home = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # no user has this number, as in some containers
        return ""
    return home if os.path.isabs(home) else ""


def is_moved(variable: str, path: Path, environ: Mapping[str, str]) -> bool:
    """Return whether a variable moved a directory away from the usual place."""
    usual = usual_directory(variable)
    return bool(environ.get(variable)) if usual is None else os.path.realpath(usual) != os.path.realpath(path)


def relative_problems(environ: Mapping[str, str]) -> Iterator[Problem]:
    """A problem for each variable that would make a directory depend on the folder one is in."""
    for variable, xdg in _XDG.items():
        name = next((candidate for candidate in (variable, xdg, "HOME") if environ.get(candidate)), "")
        value = environ.get(name, "")
        path = os.path.expanduser(value) if name == variable else value
        if value and not os.path.isabs(path):
            yield Problem(
                name,
                "the environment",
                f'{name} = "{value}" is relative, so each folder would have its own settings: write an '
                "absolute path",
            )
    for part in environ.get(_POLICIES, "").split(os.pathsep):
        if part and not os.path.isabs(part):
            yield Problem(
                _POLICIES,
                "the environment",
                f'{_POLICIES} names "{part}", which is relative, so each folder would have its own '
                "policies: write an absolute path",
            )


def exposed_problems(
    directories: Sequence[tuple[str, Path]], profile: str | None = None
) -> Iterator[Problem]:
    """On Windows, a problem for each directory outside of the profile: there, its files are for all users.

    Each comes with the variable that can move it. `profile` replaces the login's; "" for none, as on Linux.
    """
    profile = private_profile() if profile is None else profile
    for variable, path in directories:
        if profile and not _is_in_folded(path, profile):
            yield Problem(
                variable,
                str(path),
                f"{path} is outside {profile}, so other users of this computer may be able to read and "
                f"write it: nothing leaves with these settings; set {variable} to a folder inside {profile}",
            )


def misplaced_problems(
    directories: Sequence[tuple[str, Path]], folders: Sequence[str], *, fold: bool = FOLD
) -> Iterator[Problem]:
    """A problem for each directory in one of these resolved workspace folders, or in a repository.

    Each comes with the variable that can move it, "" for an organisation's policies. A file of rules may be
    in another repository. With `fold`, no case counts.
    """
    boundaries = tuple(dict.fromkeys(find_top(folder) or folder for folder in folders))
    for variable, path in directories:
        if _is_usual(variable, path):
            continue
        inside = next((boundary for boundary in boundaries if _is_inside(path, boundary, fold=fold)), None)
        place = f"the workspace {inside}" if inside else _find_repository(path)
        if not place or (variable == RULES_FILE and not inside):
            continue
        remedy = f"set {variable} to a folder elsewhere" if variable else f"set {_POLICIES} to other folders"
        yield Problem(
            variable or "policy",
            str(path),
            f"{path} is in {place}, which could bring its own settings, keys and acceptances: nothing "
            f"leaves with these; {remedy}, outside all repositories",
        )


def _find_repository(path: Path) -> str:
    """The repository that a directory is in, in words; "" for none, or one around the login's home."""
    home = os.path.join(os.path.realpath(_login_home() or os.sep), "")
    tops = (find_top(spelling) for spelling in (os.path.abspath(path), os.path.realpath(path)))
    return next((f"the repository {top}" for top in tops if top and not _holds(top, home)), "")


def _is_usual(variable: str, path: Path) -> bool:
    if variable not in _USUAL:
        return _is_inside(path, _SYSTEM)
    usual = usual_directory(variable)
    return usual is not None and os.path.realpath(usual) == os.path.realpath(path)


def _is_inside(path: Path, folder: str, *, fold: bool = False) -> bool:
    """Return whether a directory is in a folder, by its name or by where its links lead."""
    spellings = (os.path.join(spelling, "") for spelling in (os.path.abspath(path), os.path.realpath(path)))
    return any(path_below(spelling, folder, fold=fold) is not None for spelling in spellings)


def _is_in_folded(path: Path, folder: str) -> bool:
    """The same by both its name and its links, on a system that folds case."""
    spellings = (os.path.abspath(path), os.path.realpath(path))
    return all(_holds(folder.casefold(), spelling.casefold()) for spelling in spellings)


def _holds(folder: str, path: str) -> bool:
    return path.startswith(os.path.join(folder, ""))


def private_profile() -> str:
    """The folder that alone is private to the login, "" where file modes say what is private."""
    return _windows_profile() if sys.platform == "win32" else ""


def can_change(file: Path) -> bool:
    """Say if this user can change a policy, and is not the administrator. Only Windows and macOS are asked.

    Who can write into its folder can put another file there.
    """
    if sys.platform == "win32":
        return not _is_administrator() and (_can_append(file) or _can_create(file.parent))
    return sys.platform == "darwin" and is_writable(file)


def is_writable(file: Path) -> bool:
    """Say if modes let this user, unless that is root, change a file, or put another one in its place."""
    return os.geteuid() != 0 and (os.access(file, os.W_OK) or os.access(file.parent, os.W_OK))


def _can_append(file: Path) -> bool:
    """Return whether a file opens for writing, which asks its access list; nothing is written."""
    try:
        os.close(os.open(file, os.O_WRONLY | os.O_APPEND))
    except OSError:
        return False
    return True


def _can_create(folder: Path) -> bool:
    """Return whether a file can be made in a folder; it is gone when it is closed."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_TEMPORARY", 0)
    try:
        os.close(os.open(folder / f".assist-{os.getpid()}", flags))
    except OSError:
        return False
    return True


def _is_administrator() -> bool:
    return bool(ctypes.WinDLL("shell32").IsUserAnAdmin())  # type: ignore[attr-defined,unused-ignore]


def _windows_profile() -> str:
    """The profile that Windows has for the login, whatever the environment says; "" if it does not say."""
    token = ctypes.c_void_p()
    size = ctypes.c_uint32(1024)
    name = ctypes.create_unicode_buffer(size.value)
    open_token = ctypes.WinDLL("advapi32").OpenProcessToken  # type: ignore[attr-defined,unused-ignore]
    directory = ctypes.WinDLL("userenv").GetUserProfileDirectoryW  # type: ignore[attr-defined,unused-ignore]
    close = ctypes.WinDLL("kernel32").CloseHandle  # type: ignore[attr-defined,unused-ignore]
    if not open_token(ctypes.c_void_p(_OWN_PROCESS), _QUERY, ctypes.byref(token)):
        return ""
    try:
        return name.value if directory(token, name, ctypes.byref(size)) else ""
    finally:
        close(token)
