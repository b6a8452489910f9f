"""A file or folder that a user adds to a question, found by its name.

A link that leads out of its repository is refused, as for the target of a question.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assist_context.files.repository_top import top_of
from assist_server.errors import UserError
from assist_server.workspace.folders import alias_in
from assist_server.workspace.stray_links import refuse_named_link

MOST_BYTES = 4_000_000  # of a file, as for the target of a question


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file, or a `folder`, by its `path` in the folder `root`; the path of `root` itself is "".

    `alias` is the path in `root` by which a link led to it, "" for none.
    """

    root: str
    path: str
    folder: bool = False
    alias: str = ""

    @property
    def full(self) -> str:
        """The absolute path."""
        return os.path.join(self.root, self.path) if self.path else self.root

    @property
    def name(self) -> str:
        """The path for people."""
        return self.path or self.root


def attachment_at(name: str, base: Path, roots: Sequence[str]) -> Attachment:
    """What is at a path that may be relative to `base`; `UserError` if it can be no context.

    It belongs to the first of the folders `roots` that holds it, else to its own repository, whose files do
    not leave with a question about another one.
    """
    named = os.path.expanduser(name)
    refuse_named_link(base, named, [os.path.realpath(base), *roots])
    full = os.path.realpath(os.path.join(base, named))
    if os.path.isdir(full):
        return _with_alias(_attachment(full, roots, folder=True), named, base)
    if not os.path.exists(full):
        raise UserError(f"There is no file or folder {name}: check the path, or --workspace.")
    if not os.path.isfile(full):
        raise UserError(f"{name} is no regular file: name a text file or a folder.")
    size = os.path.getsize(full)
    if size > MOST_BYTES:
        most = f"{MOST_BYTES / 1e6:.0f} MB"
        raise UserError(f"{name} has {size / 1e6:,.1f} MB: add files of at most {most}, or pipe a part in.")
    return _with_alias(_attachment(full, roots, folder=False), named, base)


def _with_alias(found: Attachment, named: str, base: Path) -> Attachment:
    """With the name that a link has: rules about that count as well."""
    at = os.path.join(os.path.realpath(base), named)
    return replace(found, alias=alias_in(found.root, at, str(base)))


def _attachment(full: str, roots: Sequence[str], *, folder: bool) -> Attachment:
    for root in roots:
        if full == root:
            return Attachment(root, "", folder)
        if full.startswith(os.path.join(root, "")):
            return Attachment(root, os.path.relpath(full, root).replace(os.sep, "/"), folder)
    own = full if folder else os.path.dirname(full)
    root = top_of(own) or own
    path = os.path.relpath(full, root).replace(os.sep, "/")
    return Attachment(root, "" if path == "." else path, folder)
