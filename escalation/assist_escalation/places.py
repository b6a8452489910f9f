"""Where on disk the path of an edit is: inside of its workspace's folder, whatever links lead out of it.

It reads names and links, never contents, and writes nothing.
"""

from collections.abc import Mapping
from pathlib import Path

from assist_context.denied import denied_by
from assist_escalation.changes import EditError
from assist_escalation.protected import protected_by


def place_of(path: str, roots: Mapping[str, Path], *, asked: bool) -> Path:
    """The real path of `path`, which need not exist; `EditError` where it is not inside its root.

    `roots` are folders by what a path begins with: `{"": folder}` for one, or `{"api": ..., "web": ...}`.
    `asked`: the person agreed to a protected file; a link to one is one.
    """
    parts = path.split("/")
    if not all(parts) or {".", ".."} & set(parts) or "\\" in path or "\0" in path or Path(path).is_absolute():
        raise EditError(f"{path!r} is no path inside a workspace: ask again")
    names = [name for name in roots if name == "" or path.startswith(name + "/")]
    if not names:
        raise EditError(f"{path} is in no folder of this workspace: open its folder")
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
    if denied := denied_by(inner):
        raise EditError(f"{path} is {inner}, never edited by the built-in rule {denied}: do it by hand")
    if protected_by(inner) and not asked:
        raise EditError(f"{path} leads to {inner}, which is asked about by its own name: edit that")
    return place
