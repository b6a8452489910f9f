"""The file that a request means by a path, if it is one that may not leave.

A path may be absolute, or relative to a folder that the request does not name. So one that is not a file of
the tool's folders may be the end of a restricted file's path. It reads names and rule files.
"""

import os
import posixpath
import re
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from assist_context.files.denylist import denied_by
from assist_context.files.path_names import path_below
from assist_escalation.policy.path_globs import covers
from assist_gateway.attribution import RestrictedFile
from assist_gateway.claims import ALL_IN
from assist_gateway.restricted_paths import Audience, FileRule, missing_path_rule, restricted_paths

_DENIED = FileRule("is on the built-in list of files that hold secrets")
_LINES = re.compile(r"(?::\d+(?:[-:]\d+)?|#L\d+(?:-L?\d+)?)\Z")
_LONGEST = 1_000


@dataclass(frozen=True, slots=True)
class JudgedPaths:
    """What is known of the paths of some resolved folders, and who would see their files.

    `rules` has the rule or None for each folder and path in it; `ends` the restricted files by each end of
    their paths that begins at a name.
    """

    folders: tuple[str, ...]
    rules: Mapping[tuple[str, str], FileRule | None] = field(repr=False)
    ends: Mapping[str, RestrictedFile] = field(repr=False)
    audience: Audience = field(repr=False)


def claimed_file(path: str, judged: JudgedPaths) -> RestrictedFile | None:
    """The restricted file that is meant by a path; None if no rule is against it.

    Of a claim about a folder it is the first in it.
    """
    if path.endswith(ALL_IN):
        return _first_in(path.removesuffix(ALL_IN).rstrip("/"), judged)
    return _named_file(path, judged)


def places_of(path: str, folders: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Where a claimed path leads from each folder now, and how many names the file there has, 0 for none.

    As long as these are the same, so is what the path means.
    """
    bare = _bare(path.removesuffix(ALL_IN))
    return tuple(_place(os.path.realpath(os.path.join(folder, bare))) for folder in folders if bare)


def _place(full: str) -> tuple[str, int]:
    with suppress(OSError):
        return full, os.lstat(full).st_nlink
    return full, 0


def _bare(path: str) -> str:
    """A path without numbers of lines, or "" for what can be none."""
    path = path.replace("\\", "/").removeprefix("file://")
    bare = _LINES.sub("", path).strip().rstrip("/")
    return "" if len(bare) > _LONGEST or "\0" in bare or "\n" in bare else bare


def _named_file(path: str, judged: JudgedPaths) -> RestrictedFile | None:
    bare = _bare(path)
    if not bare:
        return None
    if denied_by(bare.removeprefix("~/")):
        return RestrictedFile(bare, _DENIED)
    places = [(folder, os.path.normpath(os.path.join(folder, bare))) for folder in judged.folders]
    there = [place for place in places if os.path.lexists(place[1])]
    for folder, full in there or places:
        # A link outside of the folders may lead into them.
        inside = path_below(full, folder) or (path_below(os.path.realpath(full), folder) if there else None)
        rule = _rule_of(folder, inside, judged, exists=bool(there)) if inside else None
        if inside and rule is not None:
            return RestrictedFile(inside, rule)
        if inside and (same := _same_file(full, judged)) is not None:
            return same
        if inside and there:
            return None
    return _elsewhere(posixpath.normpath(bare), judged)


def _first_in(path: str, judged: JudgedPaths) -> RestrictedFile | None:
    """The first restricted file in a folder that is here, at a commit or elsewhere, or in a wildcard's."""
    if len(path) > _LONGEST or "\0" in path or "\n" in path:
        return None
    files = {file.path: file for end, file in judged.ends.items() if end == file.path}
    is_here = False
    for folder in judged.folders:
        full = os.path.realpath(os.path.join(folder, path))
        is_here = is_here or os.path.lexists(full)
        if folder == full or path_below(folder, full) is not None:
            return next(iter(files.values()), None)
        inside = path_below(full, folder)
        if inside and (os.path.isdir(full) or set("*?[") & set(inside)):
            for name, file in files.items():
                if covers(f"/{inside}", name):
                    return file
    parts = path.strip("/").split("/")
    ends = ["/".join(parts[first:]) for first in range(len(parts) if path.startswith("/") else 1)]
    found = (file for name, file in files.items() for end in ends if f"/{end}/" in f"/{name}")
    return None if is_here else next(found, None)


def _same_file(full: str, judged: JudgedPaths) -> RestrictedFile | None:
    """The restricted file that has this name too, by a hard link. Nearly no file has two names."""
    with suppress(OSError):
        status = os.lstat(full)
        if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
            for (folder, path), rule in judged.rules.items():
                if rule is not None and _has_inode(os.path.join(folder, path), status):
                    return RestrictedFile(path, rule)
    return None


def _has_inode(path: str, known: os.stat_result) -> bool:
    with suppress(OSError):
        return os.path.samestat(os.lstat(path), known)
    return False


def _elsewhere(path: str, judged: JudgedPaths) -> RestrictedFile | None:
    """The file that a path means from a folder above the tool's or below it, or as a container has it."""
    if not os.path.isabs(path) and (found := judged.ends.get(path.lstrip("./"))) is not None:
        return found
    parts = path.split("/")
    for first in range(1, len(parts) - 1):  # a name alone could be any file's
        inside = "/".join(parts[first:])
        found = judged.ends.get(inside)
        if found is not None and found.path == inside:
            return found
    return None


def _rule_of(folder: str, path: str, judged: JudgedPaths, *, exists: bool) -> FileRule | None:
    if (folder, path) in judged.rules:
        return judged.rules[folder, path]
    if not exists:
        return missing_path_rule(folder, path, judged.audience)
    return restricted_paths(folder, (path,), judged.audience).get(path)


def path_ends(files: Sequence[RestrictedFile]) -> dict[str, RestrictedFile]:
    """Each file by the ends of its path: `c.py`, `b/c.py` and `a/b/c.py`; a common end is the first one's."""
    found: dict[str, RestrictedFile] = {}
    for file in files:
        parts = file.path.split("/")
        for count in range(1, len(parts) + 1):
            found.setdefault("/".join(parts[-count:]), file)
    return found
