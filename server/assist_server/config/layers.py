"""What each author besides the user says about egress: which settings are taken from whom, and as a layer.

A repository's file and an editor's settings are written by strangers: only what forbids is taken. Where a
layer is wrong its author's intent is unknown, so nothing leaves. It reads an organisation's files; it does
not find a repository's, nor know whether the user accepted it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assist_escalation.policy.permissions import CLOSED, OPEN, Author, Layer
from assist_escalation.policy.settings import EscalationSettings
from assist_server.config.structure import SETTINGS, TABLES, Problem, read
from assist_server.config.toml_file import ConfigError, parse_toml

POLICY = "policy.toml"
_WHY = {
    "organisation": "is not an organisation's to say",
    "repository": "is not taken from a repository's file, which strangers write",
    "editor": "is not taken from an editor, whose settings a workspace can write",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """An author's layer, and what was wrong in what he wrote."""

    layer: Layer
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class _Section:
    """What `read` fills in."""

    escalation: EscalationSettings


def stated(layer: Layer, data: Mapping[str, Any], home: Path) -> Statement:
    """`layer` with what `data` says, in the layout of config.toml, as far as its author may say it.

    Relative paths start at `home`. Problems close nothing yet: see `closed`.
    """
    taken, refused = _sorted_out(data, layer.author)
    section, problems = read(_Section(layer.settings), taken, layer.source, home)
    problems = [_refusal(key, layer) for key in refused] + problems
    return Statement(replace(layer, settings=section.escalation), tuple(problems))


def closed(statement: Statement) -> Statement:
    """The same with egress off, and told so."""
    settings = replace(statement.layer.settings, mode="never")
    told = Problem(
        "escalation.mode",
        statement.layer.source,
        '[escalation] mode = "never" until this is corrected: nothing leaves this machine',
    )
    return Statement(replace(statement.layer, settings=settings), (*statement.problems, told))


def stated_in_file(author: Author, path: Path, raw: bytes, base: str = "") -> Statement:
    """What the bytes of a file say; anything wrong in it closes the layer."""
    try:
        _, data = parse_toml(path, raw)
    except ConfigError as error:
        return unreadable(author, path, str(error), base)
    statement = stated(Layer(author, str(path), OPEN, base), data, path.parent)
    return closed(statement) if statement.problems else statement


def unreadable(author: Author, path: Path, why: str, base: str = "") -> Statement:
    """What holds where a file is there but cannot be understood."""
    return closed(Statement(Layer(author, str(path), CLOSED, base), (Problem("", str(path), why),)))


def organisation(directories: Sequence[Path]) -> tuple[Statement, ...]:
    """The policies that stand in these directories, in this order; all of them hold."""
    found = []
    for path in dict.fromkeys(each / POLICY for each in directories):
        try:
            raw = path.read_bytes()
        except FileNotFoundError:
            continue
        except OSError as error:
            why = f"{path} cannot be read ({error.strerror}): make it a file that you may read"
            found.append(unreadable("organisation", path, why))
        else:
            found.append(stated_in_file("organisation", path, raw))
    return tuple(found)


def _sorted_out(data: Mapping[str, Any], author: Author) -> tuple[dict[str, Any], list[str]]:
    """What of `data` goes on to be read, and the dotted keys that their author may not write.

    Unknown keys go on: the reader names the nearest known ones.
    """
    taken: dict[str, Any] = {}
    refused = []
    for name, table in data.items():
        mine = {key for key in SETTINGS if key[0] == name and may_say(author, key)}
        if name in TABLES and not mine:
            refused += [name] if table else []  # an empty table says nothing
        elif not isinstance(table, Mapping) or (name,) in SETTINGS:
            taken[name] = table
        else:
            others = {inner for inner in table if (name, inner) in SETTINGS and (name, inner) not in mine}
            refused += [f"{name}.{inner}" for inner in table if inner in others]
            taken[name] = {inner: value for inner, value in table.items() if inner not in others}
    return taken, refused


def may_say(author: Author, key: tuple[str, ...]) -> bool:
    """Whether an author besides the user may write a setting."""
    setting = SETTINGS[key]
    if setting.section != "escalation":
        return False
    return author == "organisation" or bool(setting.item.metadata.get("tightens"))


def _refusal(key: str, layer: Layer) -> Problem:
    table, _, name = key.partition(".")
    written = f"[{table}] {name}".rstrip()
    return Problem(key, layer.source, f"{written} {_WHY[layer.author]}: set it in config.toml")
