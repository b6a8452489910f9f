"""Secrets put back into the arguments of calls: only where a known tool changes a file that it may change.

Which tools those are is a table, `edit_tools.toml`; of the tools of MCP servers they are those of the servers
in the table, and of those that the user has named. An argument that the table does not know may say where the
tool writes, so a call with one keeps its placeholders. In an edit a line with an address gets its secrets
back only if the file has that very line already. All else keeps its placeholders: a command or an address
with a secret in it could send it. This module reads no file; it asks.
"""

import json
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from assist_escalation.redaction.restorer import Restorer
from assist_gateway.dialects.json_places import rewrite

# The text of a file that a tool may change, "" for a new one; None for a file that rules keep from tools.
EditedFile = Callable[[str], str | None]

# A line of a patch that may head a file, as lenient readers take it: also after characters that draw nothing.
_HEAD_LIKE = re.compile(r"[^\w!-~]*(?:\*{3}(?!\**\s*\Z)|diff\s+--|index:)", re.IGNORECASE)
_HEAD = re.compile(
    r"\s*\*{3}\s*(?:(?:add|update|delete)\s*file|move\s*to)\s*:\s*(.*?)\s*", re.IGNORECASE | re.DOTALL
)
_OTHER_HEAD = re.compile(r"\s*\*{3}\s*(?:(?:begin|end)\s*patch|end\s*of\s*file)\s*", re.IGNORECASE)
_UNIFIED_HEADS = re.compile(r"^[^\w!-~\n]*---\s[^\n]*\n[^\w!-~\n]*\+{3}\s", re.MULTILINE)
# What may lead elsewhere for the tool that reads it: a scheme or a host, but no drive; a home, a variable.
_ELSEWHERE = re.compile(r"\s*(?:\Z|[~$%]|//|\\\\|(?![A-Za-z]:[/\\](?![/\\]))[^/\\]*:)")
# A note that names no place: a word, or a sentence that begins with no path, scheme, host or variable.
_NOTE = re.compile(r"[^\s/\\:@~$%.]*[:.]?|[^\s/\\:@~$%]+:?\s.*", re.DOTALL)
_LARGEST = 10_000_000  # a number of a line; a larger one can be that of another machine


@dataclass(frozen=True, slots=True)
class EditTool:
    """Which arguments of a tool name the file, hold its text or a patch, or say something about the edit."""

    path: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    patch: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent that joins a server and its tool by one sign: what it offers, and the tools of its own."""

    offers: frozenset[str]
    sign: str
    own: frozenset[str]


@dataclass(frozen=True, slots=True)
class EditRules:
    """What a tool may edit: its files, and the MCP servers that its user has named as those of edit tools.

    `offered` are the names of all tools that its request offers to the model.
    """

    file: EditedFile
    servers: Collection[str] = ()
    offered: frozenset[str] = frozenset()


@cache
def _table() -> tuple[Mapping[str, EditTool], frozenset[str], tuple[Agent, ...]]:
    """The tools by their names, the servers, and the agents."""
    text = resources.files("assist_gateway.dialects").joinpath("edit_tools.toml").read_text(encoding="utf-8")
    table = tomllib.loads(text)
    found: dict[str, EditTool] = {}
    for row in table["tool"]:
        tool = EditTool(*(tuple(row.get(name, ())) for name in ("path", "texts", "patch", "notes")))
        found |= dict.fromkeys(row["names"], tool)
    agents = (Agent(frozenset(row["offers"]), row["sign"], frozenset(row["own"])) for row in table["agent"])
    return found, frozenset(table["servers"]), tuple(agents)


def edit_tool(name: str, rules: EditRules) -> EditTool | None:
    """The tool of this name if it changes files, else None.

    What is before its last "__", or the sign of the agent, is a server.
    """
    tools, known, agents = _table()
    agent = next((agent for agent in agents if agent.offers & rules.offered), None)
    if agent is not None and name not in agent.own:
        heads = (f"{server}{agent.sign}" for server in (*known, *rules.servers))
        bare = next((name.removeprefix(head) for head in heads if name.startswith(head)), "")
    else:
        before, mark, bare = name.rpartition("__")
        server = before.removeprefix("mcp__")
        bare = "" if mark and server not in known and server not in rules.servers else bare
    return tools.get(bare.lower())


def offered_tools(body: Mapping[str, Any]) -> frozenset[str]:
    """The names of the tools that a request offers, in any dialect.

    >>> sorted(offered_tools({"tools": [{"name": "Edit"}, {"function": {"name": "write"}}, {"type": "x"}]}))
    ['Edit', 'write']
    """
    listed = body.get("tools")
    tools = [tool for tool in listed if isinstance(tool, dict)] if isinstance(listed, list) else []
    inner = (tool.get("function") for tool in tools)
    named = (*tools, *(function for function in inner if isinstance(function, dict)))
    return frozenset(tool["name"] for tool in named if isinstance(tool.get("name"), str))


def restore_arguments(name: str, raw: str, secrets: Mapping[str, str], rules: EditRules) -> str:
    """The arguments of a call as its tool gets them: with the secrets back in the texts of a file.

    `raw` is JSON, or a patch; `secrets` are those of each placeholder. All else is returned as it is.
    """
    tool = edit_tool(name, rules)
    if tool is None or not ("SECRET" in raw or "\\u" in raw):
        return raw
    try:
        arguments = json.loads(raw)
    except (ValueError, RecursionError):
        return _restore_patch(raw, secrets, rules.file) if tool.patch else raw
    if not isinstance(arguments, dict):
        return raw
    restored = restore_input(name, arguments, secrets, rules)
    return raw if restored == arguments else json.dumps(restored, ensure_ascii=False)


def restore_input(
    name: str, arguments: dict[str, Any], secrets: Mapping[str, str], rules: EditRules
) -> dict[str, Any]:
    """The same for arguments that are an object already."""
    tool = edit_tool(name, rules)
    if tool is None or not _is_known(arguments, tool):
        return arguments
    paths = list(_paths(arguments, tool))
    known = _known_lines(paths, rules.file)
    if paths and known is None:
        return arguments
    restored = dict(arguments)
    for key in tool.patch:
        if isinstance(arguments.get(key), str):
            restored[key] = _restore_patch(arguments[key], secrets, rules.file)

    def change(text: str, name: str) -> str:
        return _restore(text, secrets, known or set()) if name in tool.texts else text

    if known is not None and any(isinstance(arguments.get(key), str) for key in tool.path):
        restored |= {key: rewrite(arguments[key], change, key) for key in tool.texts if key in arguments}
    return restored


def _is_known(value: Any, tool: EditTool, name: str = "") -> bool:
    """Whether all in these arguments, at any depth, is known of the tool, or leads nowhere else."""
    if isinstance(value, dict):
        return all(_is_known(part, tool, key) for key, part in value.items())
    if isinstance(value, list):
        return all(_is_known(part, tool, name) for part in value)
    if isinstance(value, int | float):  # an option such as `replace_all`
        return abs(value) < _LARGEST
    if name in tool.notes and isinstance(value, str):
        return _NOTE.fullmatch(value.strip()) is not None
    return value is None or name in (*tool.path, *tool.texts, *tool.patch)


def _paths(value: Any, tool: EditTool) -> Iterator[Any]:
    """All that arguments name as a path, at any depth, whatever it is."""
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        if key in tool.path:
            yield from part if isinstance(part, list) else filter(None, [part])
        else:
            yield from _paths(part, tool)


def _known_lines(paths: Iterable[Any], file: EditedFile) -> set[str] | None:
    """The lines of the files at these paths; None without a path, or if one is no file that may change."""
    texts = [file(path) if isinstance(path, str) and not _ELSEWHERE.match(path) else None for path in paths]
    lines = (line.strip() for text in texts for line in (text or "").splitlines())
    return set(lines) if texts and None not in texts else None


def _restore_patch(patch: str, secrets: Mapping[str, str], file: EditedFile) -> str:
    """A patch with the secrets back, if every file that it names, in any form of patches, may be changed."""
    lines = {*patch.splitlines(), *patch.split("\n")}  # readers differ in what ends a line
    heads = [line for line in lines if _HEAD_LIKE.match(line) and not _OTHER_HEAD.fullmatch(line)]
    paths = [head[1] if (head := _HEAD.fullmatch(line)) else None for line in heads]
    unified = _UNIFIED_HEADS.search("\n".join(patch.splitlines()))
    known = None if unified else _known_lines(paths, file)
    return patch if known is None else _restore(patch, secrets, known)


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
