"""The file that a request means by a path, if it is one that may not leave.

A path may be absolute, or relative to a folder that the request does not name. So one that is not a file of
the tool's folders may be the end of a restricted file's path. It reads names and rule files.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from assist_context.files.denylist import denied_by
from assist_context.files.path_names import path_below
from assist_server.gateway.attribution import RestrictedFile
from assist_server.gateway.restricted_paths import Audience, FileRule, missing_path_rule, restricted_paths

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
    """The restricted file that is meant by a path; None if no rule is against it."""
    path = path.replace("\\", "/").removeprefix("file://")
    bare = _LINES.sub("", path).strip().rstrip("/")
    if not bare or len(bare) > _LONGEST or "\0" in bare or "\n" in bare:
        return None
    if denied_by(bare.removeprefix("~/")):
        return RestrictedFile(bare, _DENIED)
    places = [(folder, os.path.normpath(os.path.join(folder, bare))) for folder in judged.folders]
    there = [place for place in places if os.path.lexists(place[1])]
    for folder, full in there or places:
        inside = path_below(full, folder)
        rule = _rule_of(folder, inside, judged, exists=bool(there)) if inside else None
        if inside and rule is not None:
            return RestrictedFile(inside, rule)
    return None if there or os.path.isabs(bare) else judged.ends.get(os.path.normpath(bare).lstrip("./"))


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
