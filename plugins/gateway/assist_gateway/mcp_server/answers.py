"""What the tools say about a folder: the text of each result, without what is kept and without secrets.

Every path in a result is judged here once more, by all names and all rules, whatever found it.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from assist_context.files.path_names import relative_path
from assist_escalation.redaction.redactor import RedactionError
from assist_gateway.mcp_server import lookups, name_uses
from assist_gateway.mcp_server.lookups import FoundPlaces
from assist_gateway.mcp_server.result_text import ShownPlace, result_text, without_secrets
from assist_gateway.mcp_server.served_folder import FolderView
from assist_gateway.mcp_server.shown_files import KEPT
from assist_gateway.mcp_server.tools import ToolArguments, ToolCall
from assist_server.errors import UserError
from assist_server.questions.composition import random_token
from assist_server.questions.locations import read_document
from assist_server.questions.targets import lines_in_document, overlay
from assist_server.workspace.folders import find_alias, refuse_named_link

STAY = "Do not read it by other means."
MAX_PATHS = 20  # that `policy` judges at once
UNSEARCHED = "The result could not be searched for secrets, so it is not shown: ask for less."

ToolAnswer = Callable[[FolderView, ToolArguments, int], str]


def search(view: FolderView, said: ToolArguments, ceiling: int) -> str:
    """Where code or documentation about some words is."""
    within = str(said.get("path", "")).removeprefix("./")
    return _answer(view, lookups.search(view.corpus, str(said["query"]), within), ceiling)


def definition(view: FolderView, said: ToolArguments, ceiling: int) -> str:
    """Where a name is defined, and its text."""
    return _answer(view, lookups.definition(view.corpus, str(said["symbol"])), ceiling)


def references(view: FolderView, said: ToolArguments, ceiling: int) -> str:
    """The lines that use a name."""
    found = name_uses.references(view.corpus, str(said["symbol"]), str(said.get("kind", "all")))
    return _answer(view, found, ceiling)


def pack(view: FolderView, said: ToolArguments, ceiling: int) -> str:
    """What helps at a line of a file."""
    path, alias = path_in_folder(view.corpus.root, str(said["path"]))
    if why := view.shown.reasons_to_keep([path], {path: alias}).get(path):
        return result_text((), ceiling, [kept_words(why)])
    line = int(str(said["line"]))
    document = overlay(view.corpus, path, read_document(Path(view.corpus.root, path)))
    if line > max(1, len(document.lines)):
        raise UserError(f"There is no line {line} in {path}, which has {len(document.lines)} lines.")
    target = lines_in_document(view.corpus, document, line, 0)
    return _answer(view, lookups.pack(view.corpus, target, line, ceiling), ceiling)


def policy(view: FolderView, said: ToolArguments, ceiling: int) -> str:
    """Whether files may be shown to the agent's model, and by which rule not."""
    named = said["paths"]
    texts = [str(text) for text in named] if isinstance(named, list) else []
    found = dict(path_in_folder(view.corpus.root, text) for text in texts[:MAX_PATHS])
    kept = view.shown.reasons_to_keep(found, found)
    lines = [f"{KEPT}: {_plain(kept[path])}" if path in kept else f"{path} may be shown" for path in found]
    left = f"({len(texts) - MAX_PATHS} more: ask again)" if len(texts) > MAX_PATHS else ""
    places = [ShownPlace("", 0, line) for line in lines]
    shown = redact_places(view, places)
    return result_text((), ceiling, [*(place.label for place in shown), left])


# What each tool says; the last one, `ask_local`, asks a model (`local_answers`).
ANSWERS: Mapping[str, ToolAnswer] = {
    "search": search,
    "definition": definition,
    "references": references,
    "pack": pack,
    "policy": policy,
}


def answer(view: FolderView, call: ToolCall) -> str:
    """What a tool says. Raises `UserError`."""
    return ANSWERS[call.tool.name](view, call.said, call.ceiling)


def kept_words(why: str) -> str:
    """That a file is kept, and by which rule."""
    return f"{KEPT}: {_plain(why)}. {STAY}"


def path_in_folder(root: str, named: str) -> tuple[str, str]:
    """A file's path in the folder, and its other name if a link led to it. Raises `UserError` outside."""
    refuse_named_link(Path(root), named, [root])
    full = os.path.join(root, named)
    real = os.path.realpath(full)
    inside = relative_path(real, root)
    if inside is None or inside == ".":
        raise UserError(f"{named} is not a file in {root}: name a file in this folder.")
    return inside, find_alias(root, full)


def _answer(view: FolderView, found: FoundPlaces, ceiling: int) -> str:
    """The places that may be shown, and that others may not."""
    kept = view.shown.reasons_to_keep({*(place.path for place in found.places), *found.unshown})
    if view.shown.closed:
        return result_text((), ceiling, [kept_words(view.shown.closed)])
    places = [place for place in found.places if place.path not in kept]
    count = len({path for path in found.unshown if path in kept})
    files = "1 more file" if count == 1 else f"{count} more files"
    notes = [*found.notes, f"{KEPT}: {files}. Do not read them by other means." if count else ""]
    return result_text(redact_places(view, places), ceiling, notes) or "Nothing here may be shown."


def redact_places(view: FolderView, places: list[ShownPlace]) -> list[ShownPlace]:
    """The places without secrets. Raises `UserError` if they cannot be searched."""
    patterns = view.shown.permissions.patterns
    try:
        return without_secrets(places, view.corpus.root, view.secrets(), patterns, random_token())
    except RedactionError as error:
        raise UserError(UNSEARCHED) from error


def _plain(why: str) -> str:
    return why.rstrip(".")
