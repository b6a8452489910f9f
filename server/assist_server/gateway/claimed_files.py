"""The file that a request means by a path, if it is one that may not leave.

A path may be absolute, or relative to a folder that the request does not name. So one that is not a file of
the tool's folders may be the end of a restricted file's path. It reads names and rule files.
"""

import os
import re
from collections.abc import Mapping, Sequence

from assist_context.files.denylist import denied_by
from assist_context.files.path_names import path_below
from assist_server.gateway.attribution import RestrictedFile
from assist_server.gateway.restricted_paths import Audience, FileRule, restricted_paths

_DENIED = FileRule("is on the built-in list of files that hold secrets")
_LINES = re.compile(r"(?::\d+(?:[-:]\d+)?|#L\d+(?:-L?\d+)?)\Z")
_LONGEST = 1_000


def claimed_file(
    path: str, folders: Sequence[str], known: Mapping[str, RestrictedFile], audience: Audience
) -> RestrictedFile | None:
    """The restricted file that is meant by a path; None if no rule is against it.

    `known` has the restricted files that are there, by each end of their paths that begins at a name.
    """
    path = path.replace("\\", "/").removeprefix("file://")
    bare = _LINES.sub("", path).strip().rstrip("/")
    if not bare or len(bare) > _LONGEST or "\0" in bare or "\n" in bare:
        return None
    if denied_by(bare.removeprefix("~/")):
        return RestrictedFile(bare, _DENIED)
    there = False
    for folder in folders:
        full = os.path.normpath(os.path.join(folder, bare))
        inside = path_below(full, folder)
        if inside is None:
            continue
        rule = restricted_paths(folder, (inside,), audience).get(inside)
        exists = os.path.exists(full)
        if rule is not None and (exists or not rule.data_class):
            return RestrictedFile(inside, rule)
        there = there or exists
    return None if there or os.path.isabs(bare) else known.get(os.path.normpath(bare).lstrip("./"))


def path_ends(files: Sequence[RestrictedFile]) -> dict[str, RestrictedFile]:
    """Each file by the ends of its path: `c.py`, `b/c.py` and `a/b/c.py`; a common end is the first one's."""
    found: dict[str, RestrictedFile] = {}
    for file in files:
        parts = file.path.split("/")
        for count in range(1, len(parts) + 1):
            found.setdefault("/".join(parts[-count:]), file)
    return found
