"""Who may write or read where, on systems whose file modes do not say it: Windows and macOS.

On Windows a mode such as 0600 has no effect. What is below a user's profile is private there, and what is
elsewhere is for all users, until someone changed that. On both, the place of an organisation's policies may
be one in which users can create files. Linux has its modes. This module knows no settings.
"""

import ctypes
import os
import sys
from pathlib import Path

_QUERY = 0x0008  # TOKEN_QUERY
_OWN_PROCESS = -1  # the handle that GetCurrentProcess gives


def private_profile() -> str:
    """The folder that alone is private to the login, "" where file modes say what is private."""
    return _windows_profile() if sys.platform == "win32" else ""


def can_change(file: Path) -> bool:
    """Whether this user can change a policy, and is not the administrator. Only Windows and macOS are asked.

    Who can write into its folder can put another file there.
    """
    if sys.platform == "win32":
        return not _is_administrator() and (_can_append(file) or _can_create(file.parent))
    return sys.platform == "darwin" and is_writable(file)


def is_writable(file: Path) -> bool:
    """Whether modes let this user, unless that is root, change a file, or put another one in its place."""
    return os.geteuid() != 0 and (os.access(file, os.W_OK) or os.access(file.parent, os.W_OK))


def _can_append(file: Path) -> bool:
    """Whether a file opens for writing, which asks its access list; nothing is written."""
    try:
        os.close(os.open(file, os.O_WRONLY | os.O_APPEND))
    except OSError:
        return False
    return True


def _can_create(folder: Path) -> bool:
    """Whether a file can be made in a folder; it is gone when it is closed."""
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
