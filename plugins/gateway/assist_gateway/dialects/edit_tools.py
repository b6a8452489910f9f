"""Secrets put back into the arguments of calls: only where a known tool changes a file that may be changed.

Which tools those are is a table, `edit_tools.toml`. In an edit a line with an address gets its secrets back
only if the file has that very line already. All else keeps its placeholders: a command or an address with a
secret in it could send it. This module reads no file; it asks.
"""

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from assist_escalation.redaction.restorer import Restorer
from assist_gateway.dialects.json_places import rewrite

# The text of a file that a tool may change, "" for a new one; None for a file that rules keep from tools.
EditedFile = Callable[[str], str | None]

_PATCHED = re.compile(r"^\*\*\* (?:Add File|Update File|Delete File|Move to): (.+?)\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class EditTool:
    """Which arguments of a tool name the file, which hold its text, and which hold a patch."""

    path: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    patch: tuple[str, ...] = ()


@cache
def _table() -> Mapping[str, EditTool]:
    text = resources.files("assist_gateway.dialects").joinpath("edit_tools.toml").read_text(encoding="utf-8")
    found: dict[str, EditTool] = {}
    for row in tomllib.loads(text)["tool"]:
        tool = EditTool(*(tuple(row.get(name, ())) for name in ("path", "texts", "patch")))
        found |= dict.fromkeys(row["names"], tool)
    return found


def edit_tool(name: str) -> EditTool | None:
    """The tool of this name if it changes files, else None.

    >>> edit_tool("mcp__files__write_file") is not None, edit_tool("create") is not None, edit_tool("Bash")
    (True, True, None)
    """
    bare = name.rpartition("__")[2] if name.startswith("mcp__") else name
    return _table().get(re.sub(r"[_-]", "", bare).lower())


def restore_arguments(name: str, raw: str, secrets: Mapping[str, str], file: EditedFile) -> str:
    """The arguments of a call as its tool gets them: with the secrets back in the texts of a file.

    `raw` is JSON, or a patch; `secrets` are those of each placeholder. All else is returned as it is.
    """
    tool = edit_tool(name)
    if tool is None or not ("SECRET" in raw or "\\u" in raw):
        return raw
    try:
        arguments = json.loads(raw)
    except (ValueError, RecursionError):
        return _restore_patch(raw, secrets, file) if tool.patch else raw
    if not isinstance(arguments, dict):
        return raw
    restored = restore_input(name, arguments, secrets, file)
    return raw if restored == arguments else json.dumps(restored, ensure_ascii=False)


def restore_input(
    name: str, arguments: dict[str, Any], secrets: Mapping[str, str], file: EditedFile
) -> dict[str, Any]:
    """The same for arguments that are an object already."""
    tool = edit_tool(name)
    if tool is None:
        return arguments
    restored = dict(arguments)
    for key in tool.patch:
        if isinstance(arguments.get(key), str):
            restored[key] = _restore_patch(arguments[key], secrets, file)
    path = next((arguments[key] for key in tool.path if isinstance(arguments.get(key), str)), "")
    text = file(path) if path else None
    if text is None:
        return restored
    known = {line.strip() for line in text.splitlines()}
    for key in tool.texts:
        if key in arguments:
            restored[key] = rewrite(arguments[key], lambda part, _: _restore(part, secrets, known))
    return restored


def _restore_patch(patch: str, secrets: Mapping[str, str], file: EditedFile) -> str:
    """A patch with the secrets back, if every file that it names may be changed."""
    texts = [file(path) for path in _PATCHED.findall(patch)]
    if not texts or any(text is None for text in texts):
        return patch
    known = {line.strip() for text in texts if text for line in text.splitlines()}
    return _restore(patch, secrets, known)


def _restore(text: str, secrets: Mapping[str, str], known: set[str]) -> str:
    restorer = Restorer(secrets, in_addresses=False)
    lines = (restorer.take(text) + restorer.rest()).splitlines(keepends=True)
    return "".join(_known_line(line, secrets, known) if "__SECRET_" in line else line for line in lines)


def _known_line(line: str, secrets: Mapping[str, str], known: set[str]) -> str:
    """A line with an address: its secrets are put back if the file has it like that."""
    whole = line
    for placeholder, secret in secrets.items():
        whole = whole.replace(placeholder, secret)
    bare = whole.strip()
    return whole if bare in known or (bare[1:].strip() in known and bare[:1] in "+-") else line
