"""The tables of small changes in `change_rules`: which places of a language's code become what.

A table is data: rules with queries for tree-sitter. It is read once, when its language is first asked for.
This module knows no text, no failure and no order among the changes of a line.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import tree_sitter

from assist_context.code.trees import grammars

_FOLDER = files("assist_runner.computed_fixes") / "change_rules"

NameKind = Literal["", "local", "member", "function"]


@dataclass(frozen=True, slots=True)
class ChangeRule:
    """What becomes of the places that a query finds; the fields are explained in `python.toml`."""

    kind: str
    query: tree_sitter.Query
    options: Mapping[str, tuple[str, ...]]
    to: tuple[str, ...] = ()
    steps: tuple[int, ...] = ()
    names: NameKind = ""
    part: re.Pattern[str] | None = None
    where: re.Pattern[str] | None = None
    raised: frozenset[str] | None = None
    within: re.Pattern[str] | None = None
    without: frozenset[str] = frozenset()
    expected: bool = False


@dataclass(frozen=True, slots=True)
class ChangeTable:
    """The rules of a language, the most likely kind first, and where names are that may be meant.

    `functions` finds functions, `names` what a function names, with types where they are written, `called`
    what is called in the file or could be, and `members` what is taken of an object.
    """

    rules: tuple[ChangeRule, ...]
    functions: tree_sitter.Query
    names: tree_sitter.Query
    called: tree_sitter.Query
    members: tree_sitter.Query


@cache
def change_table(grammar: str) -> ChangeTable | None:
    """The table of a grammar, None if there is none. Raises ValueError if one of its queries is wrong."""
    common = _read("common")
    for name in sorted(file.name for file in _FOLDER.iterdir()):
        if not name.endswith(".toml") or name == "common.toml":
            continue
        table = _read(name.removesuffix(".toml"))
        if grammar in table["grammars"]:
            return _table(grammar, table, common)
    return None


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def _table(grammar: str, table: Mapping[str, Any], common: Mapping[str, Any]) -> ChangeTable:
    options = {**common["options"], **table.get("options", {}), "twins": _twins(common["twins"]["rows"])}
    order: list[str] = common["order"]
    rows = sorted(table["rule"], key=lambda row: order.index(row["kind"]))
    own = table.get("names_of", {}).get(grammar.replace("tsx", "typescript"), "")
    return ChangeTable(
        tuple(_rule(grammar, row, options) for row in rows),
        _query(grammar, table["functions"]),
        _query(grammar, table["names"] + own),
        _query(grammar, table["called"]),
        _query(grammar, table["members"]),
    )


def _twins(rows: list[list[str]]) -> dict[str, list[str]]:
    """For each name the others in its rows."""
    found: dict[str, dict[str, None]] = {}
    for row in rows:
        for name in row:
            found.setdefault(name, {}).update({other: None for other in row if other != name})
    return {name: list(others) for name, others in found.items()}


def _rule(grammar: str, row: Mapping[str, Any], options: Mapping[str, Mapping[str, list[str]]]) -> ChangeRule:
    return ChangeRule(
        row["kind"],
        _query(grammar, row["query"]),
        dict(_options(row.get("options", ()), options)),
        tuple(row.get("to", ())),
        tuple(row.get("steps", ())),
        row.get("names", ""),
        _pattern(row, "part"),
        _pattern(row, "where"),
        frozenset(row["raised"]) if "raised" in row else None,
        _pattern(row, "within"),
        frozenset(row.get("without", ())),
        row.get("expected", False),
    )


def _pattern(row: Mapping[str, Any], name: str) -> re.Pattern[str] | None:
    return re.compile(row[name]) if name in row else None


def _options(
    names: list[str], options: Mapping[str, Mapping[str, list[str]]]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The entries of some tables; of those for the same text, the last one's."""
    for name in names:
        for text, others in options[name].items():
            yield text, tuple(others)


def _query(grammar: str, source: str) -> tree_sitter.Query:
    compiled = grammars.compile_query(grammar, source)
    if isinstance(compiled, str):
        raise ValueError(f"{compiled}: {source}")
    return compiled
