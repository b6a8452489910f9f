"""Completions of a question's target in a shell: paths, and names of symbols from the index.

It runs at the Tab key, so it reads what is there, for a part of a second, and never fails.
"""

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

from assist_context.unseen_characters import UNSEEN

SECONDS = 0.3  # for reading outlines; names of files that come later are not offered
LEAST = 2  # letters of a symbol's name before the index is searched for it
DEPTH = 8  # folders that are opened one in the other: a link may lead in a circle
MOST = 50  # entries that are offered
# A shell inserts what is offered as it is, so a name that it would run or expand is never offered.
_PLAIN = re.compile(r"[\w.][\w.+=:,@-]*")


def complete_target(incomplete: str) -> list[str]:
    """Paths and symbols that begin with what was typed."""
    items = list(complete_path(incomplete))
    if len(incomplete) >= LEAST and not set(incomplete) & set("/:~"):
        items += _symbols(incomplete, set(items))
    return items[:MOST]


def complete_path(incomplete: str) -> Iterator[str]:
    """Files and folders. A folder that is the only match is opened, so that no space follows it."""
    items = list(_entries(incomplete))
    for _ in range(DEPTH):
        if len(items) == 1 and items[0].endswith("/"):
            items = list(_entries(items[0])) or items
    yield from items


def complete_file(incomplete: str) -> list[str]:
    """Files and folders alone, for arguments that take no symbol."""
    return list(complete_path(incomplete))[:MOST]


def complete_model(incomplete: str) -> list[str]:
    """Names of models that are here; files where none begins with what was typed."""
    from assist_completion.model_store.store import Store, installed_models  # noqa: PLC0415
    from assist_server.config.config import load_lenient  # noqa: PLC0415

    here = installed_models(Store(load_lenient().paths.data / "models"))
    return [model.row.name for model in here if model.row.name.startswith(incomplete)] or complete_file(
        incomplete
    )


def _entries(prefix: str) -> Iterator[str]:
    folder, _, name = prefix.rpartition("/")
    start = f"{folder}/" if "/" in prefix else ""
    try:
        entries = sorted(os.scandir(os.path.expanduser(start) or "."), key=lambda each: each.name)
    except OSError:
        return
    for entry in entries:
        hidden = entry.name.startswith(".") and not name
        if entry.name.startswith(name) and not hidden and _is_plain(entry.name):
            yield f"{start}{entry.name}{'/' if entry.is_dir() else ''}"


def _is_plain(name: str) -> bool:
    return _PLAIN.fullmatch(name) is not None and UNSEEN.search(name) is None


def _symbols(prefix: str, names: set[str]) -> Iterator[str]:
    from assist_context.index.reader import IndexReader  # noqa: PLC0415  (0.2 s, only where it is of use)
    from assist_server.config.config import load_lenient  # noqa: PLC0415
    from assist_server.workspace.index_update import known_folder  # noqa: PLC0415

    folder = known_folder(load_lenient(), Path.cwd())
    if folder is None:
        return
    reader = IndexReader(folder.database)
    end = time.monotonic() + SECONDS
    for path in reader.files():
        if time.monotonic() > end:
            break
        for definition in reader.outline(path):
            for name in (definition.name, f"{definition.parent}.{definition.name}"):
                if name.startswith(prefix) and name not in names and _is_plain(name):
                    names.add(name)
                    yield name
    reader.close()
