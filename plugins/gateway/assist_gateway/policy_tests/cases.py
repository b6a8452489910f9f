"""The cases of `.assist-policy-tests.toml`: what a team expects of its rules, read and checked.

A repository's file is written by strangers: it can expect anything, and changes nothing. This module knows
no rule; it only knows what a case may say.
"""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from assist_escalation.errors import EscalationError
from assist_escalation.policy.path_globs import check_glob
from assist_escalation.policy.settings import REQUESTS
from assist_server.config.repository_file import read_raw
from assist_server.config.structure import show
from assist_server.config.toml_file import ConfigError, parse_toml
from assist_server.errors import WRONG_USAGE, UserError

NAME = ".assist-policy-tests.toml"
GHOST_TEXT = "ghost-text"  # a `command` of a case: the rules about a team's server for ghost text
GATEWAY = "gateway"  # another: the rules about what other tools send through `assist gateway`
MAX_CASES = 1_000
_LONGEST = 20_000  # characters of a text

Expectation = Literal["kept", "redacted", "leaves"]
# What a case may say that the rule is, with what may follow it.
RULES: Mapping[str, str] = {
    "mode": "never",
    "always_local": "COMMAND",
    "provider": "NAME",
    "residency": "NAME",
    "ghost_text": "local",
    "deny": "GLOB",
    "built-in": "PATTERN",
    "data_class": "CLASS",
    "unclassified": "",
    "ignored": ".assistignore or git",
    "place": "",
}
_KEYS = {
    "path": ("name", "path", "provider", "command", "expect", "rule"),
    "text": ("name", "text", "secret", "expect", "rule"),
}
_ALL_KEYS = tuple(dict.fromkeys((*_KEYS["path"], *_KEYS["text"])))
_EXPECTATIONS = {"path": ("kept", "leaves"), "text": ("redacted", "leaves")}


@dataclass(frozen=True, slots=True)
class PolicyCase:
    """What is expected of some files, or of a text. `number` counts from 1.

    `path` is a glob over the workspace, as in `deny`. Without a `provider`, each that may be used counts.
    `secret` is the part of `text` that must not leave. `rule` is what must be the reason, or "" for any.
    """

    number: int
    expect: Expectation
    path: str = ""
    text: str = ""
    secret: str = ""
    provider: str = ""
    command: str = "ask"
    rule: str = ""
    name: str = ""

    @property
    def title(self) -> str:
        """What people call it."""
        return self.name or self.path or f"the text of case {self.number}"


def read_cases(file: Path) -> tuple[PolicyCase, ...]:
    """The cases in a file. Raises `UserError` if there is none, and `ConfigError` with all that is wrong."""
    raw = read_raw(file)
    if raw is None:
        raise UserError(
            f"There is no {file}: write the first case there, or name another file with --cases.",
            WRONG_USAGE,
        )
    _, data = parse_toml(file, raw)
    tables = data.get("case", [])
    wrong = [f"{file}: {_unknown(key, ('case',))}" for key in data if key != "case"]
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(*wrong, f"{file}: case is not a list of tables: begin each case with [[case]]")
    if not tables and not wrong:
        wrong.append(f"{file} has no case: begin one with [[case]]")
    if len(tables) > MAX_CASES:
        wrong.append(f"{file} has {len(tables):,} cases: use {MAX_CASES:,} at most")
    for number, table in enumerate(tables, 1):
        wrong += [f"{file}: case {number}: {problem}" for problem in _problems(table)]
    if wrong:
        raise ConfigError(*wrong)
    return tuple(_case_of(number, table) for number, table in enumerate(tables, 1))


def _case_of(number: int, table: Mapping[str, str]) -> PolicyCase:
    others = {key: value for key, value in table.items() if key != "expect"}
    return PolicyCase(number, cast("Expectation", table["expect"]), **others)


def _problems(table: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a case, in words."""
    unknown = [key for key in table if key not in _ALL_KEYS]
    yield from (_unknown(key, _ALL_KEYS) for key in unknown)
    wrong = [key for key, value in table.items() if key in _ALL_KEYS and not _is_text(value)]
    yield from (f"{key} = {show(table[key])}: use a text that is not empty" for key in wrong)
    kinds = [kind for kind in _KEYS if kind in table]
    if len(kinds) != 1:
        yield "name either a path or a text"
    if unknown or wrong or len(kinds) != 1:
        return
    (kind,) = kinds
    others = [key for key in table if key not in _KEYS[kind]]
    yield from (f"{key} does not apply to a {kind}: leave it out" for key in others)
    expectations = _EXPECTATIONS[kind]
    if table.get("expect") not in expectations:
        yield f"expect = {show(table.get('expect', ''))}: for a {kind}, choose from {', '.join(expectations)}"
    yield from _path_problems(table) if kind == "path" else _text_problems(table)


def _path_problems(table: Mapping[str, str]) -> Iterator[str]:
    try:
        check_glob("path", table["path"])
    except EscalationError as error:
        yield str(error)
    commands = (*REQUESTS, GHOST_TEXT, GATEWAY)
    if table.get("command", "ask") not in commands:
        yield _unknown_value("command", table["command"], commands)
    kind = table.get("rule", "mode").split()[0]
    if kind not in RULES:
        yield _unknown_value("rule", kind, tuple(RULES))
    elif "rule" in table and table.get("expect") == "leaves":
        yield "rule applies only to files that are kept: leave it out"


def _text_problems(table: Mapping[str, str]) -> Iterator[str]:
    if len(table["text"]) > _LONGEST:
        yield f"the text has {len(table['text']):,} characters: use {_LONGEST:,} at most"
    if table.get("secret", "") not in table["text"]:
        yield "secret is not part of the text: copy it from there"
    if table.get("expect") == "leaves" and (said := [key for key in ("secret", "rule") if key in table]):
        yield f"{said[0]} applies only to text that is redacted: leave it out"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _unknown(key: str, known: tuple[str, ...]) -> str:
    return f"{key}: no such key; {_nearest(key, known)}"


def _unknown_value(key: str, value: str, known: tuple[str, ...]) -> str:
    return f"{key} = {show(value)}: {_nearest(value, known)}"


def _nearest(word: str, known: tuple[str, ...]) -> str:
    """What may be meant.

    >>> _nearest("expct", ("path", "expect")), _nearest("zzz", ("path", "expect"))
    ('did you mean expect?', 'choose from path, expect')
    """
    found = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f"did you mean {found[0]}?" if found else f"choose from {', '.join(known)}"
