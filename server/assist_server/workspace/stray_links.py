"""Links on the way to a named file that lead out of the repository they lie in.

A repository can hold a link to any file whose name its author can guess, and the repository's own rules do
not hold where it leads. This module only finds such a link; it reads links and names, no contents.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from assist_context.files.repository_top import top_of
from assist_server.errors import REFUSED, UserError

LINKS = 40  # as many as Linux follows on the way to one file


@dataclass(frozen=True, slots=True)
class StrayLink:
    """A link, where it leads, and the folder around it that it leaves."""

    link: str
    target: str
    boundary: str


def stray_link(base: str, path: str, roots: Sequence[str]) -> StrayLink | None:
    """The first link on the way from `base` to `path` that leads out of the repository that it lies in.

    Outside of a repository, the workspace folder counts, one of `roots`; these are resolved, as is `base`.
    """
    at = os.path.splitdrive(base)[0] + os.sep if os.path.isabs(path) else base
    parts = _parts(path)
    followed = 0
    while parts and followed < LINKS:
        name = parts.pop(0)
        here = os.path.dirname(at) if name == os.pardir else os.path.join(at, name)
        target = _link_target(here)
        if target is None:
            at = here
            continue
        followed += 1
        real = os.path.realpath(here)
        boundary = _boundary(at, roots)
        if boundary and not _is_inside(real, boundary):
            return StrayLink(here, real, boundary)
        if os.path.isabs(target):
            at = os.path.splitdrive(target)[0] + os.sep
        parts = _parts(target) + parts
    return None


def _parts(path: str) -> list[str]:
    inside = os.path.splitdrive(path)[1].replace(os.sep, "/")
    return [part for part in inside.split("/") if part not in ("", os.curdir)]


def _link_target(path: str) -> str | None:
    with suppress(OSError, ValueError):  # no link, or no path
        return os.readlink(path).removeprefix("\\\\?\\")  # which Windows puts before it
    return None


def _boundary(at: str, roots: Sequence[str]) -> str:
    """What no link in the directory `at` may leave; "" for nothing."""
    holding = [root for root in roots if _is_inside(at, root)]
    return top_of(at) or max(holding, key=len, default="")


def _is_inside(path: str, folder: str) -> bool:
    return os.path.join(path, "").startswith(os.path.join(folder, ""))


def refuse_stray_link(base: str, path: str, roots: Sequence[str]) -> None:
    """Raise `UserError` if such a link is on the way."""
    found = stray_link(base, path, roots)
    if found is not None:
        raise UserError(
            f"{found.link} is a link out of {found.boundary}, whose rules do not hold where it leads: "
            f"to ask about that file, name {found.target} itself.",
            REFUSED,
        )


def refuse_named_link(base: Path, named: str, roots: Sequence[str]) -> None:
    """The same for a path as a user writes it: from `base` on, which need not be resolved, or absolute."""
    if os.path.isabs(named) and Path(named).is_relative_to(base):
        named = os.path.relpath(named, base)
    refuse_stray_link(os.path.realpath(base), named, roots)
