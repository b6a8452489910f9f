"""Settings of other authors than the user: on egress, as a layer, and where ghost text is not wanted.

A repository's file and an editor's settings are written by strangers, so only what forbids is taken from
them. If a layer is invalid, its author's intent is unknown, so nothing leaves. This module reads an
organisation's files. It does not find a repository's, nor does it know whether the user accepted it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from assist_completion.settings import CompletionSettings
from assist_context.regular_files import read_regular
from assist_escalation.errors import EscalationError
from assist_escalation.policy.patterns import SecretRule
from assist_escalation.policy.permissions import CLOSED, OPEN, Author, Layer
from assist_escalation.policy.settings import EscalationSettings
from assist_server.config.structure import SETTINGS, TABLES, Problem, read
from assist_server.config.toml_file import ConfigError, parse_toml

POLICY = "policy.toml"
_WHY = {
    "organisation": "cannot be set by an organisation",
    "repository": "cannot be set by a repository's file, because strangers may have written it",
    "editor": "cannot be set by an editor, because a workspace can write its settings",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """An author's layer, what is wrong in it, and what a repository says of ghost text."""

    layer: Layer
    problems: tuple[Problem, ...] = ()
    ghost_text: CompletionSettings = field(default_factory=CompletionSettings)


@dataclass(frozen=True, slots=True)
class _LayerSection:
    """The section that `read` fills in."""

    escalation: EscalationSettings
    completion: CompletionSettings = field(default_factory=CompletionSettings)


def make_statement(layer: Layer, data: Mapping[str, Any], home: Path) -> Statement:
    """`layer` with what `data` says, in the layout of config.toml, as far as its author may say it.

    Relative paths start at `home`. Problems do not turn egress off here: see `close_egress`.
    """
    settings, refusals = _split_by_permission(data, layer.author)
    section, problems = read(_LayerSection(layer.settings), settings, layer.source, home)
    problems = [_refusal(key, layer) for key in refusals] + problems
    rules, wrong = company_rules(section.escalation.rules_file, layer.source)
    problems += wrong
    layer = replace(layer, settings=section.escalation, rules=rules)
    return Statement(layer, tuple(problems), section.completion)


def company_rules(path: str, source: str) -> tuple[tuple[SecretRule, ...], list[Problem]]:
    """The rules of the file that the settings in `source` name, if any, or what is wrong with it."""
    if not path:
        return (), []
    from assist_escalation.redaction.known_secrets import load_rules_file  # noqa: PLC0415 - 20 ms at each start

    try:
        return load_rules_file(path), []
    except EscalationError as error:
        return (), [Problem("redaction.rules_file", source, f"[redaction] rules_file: {error}")]


def close_egress(statement: Statement) -> Statement:
    """The same with egress off, and a problem that says so."""
    settings = replace(statement.layer.settings, mode="never", ghost_text="local")
    problem = Problem(
        "escalation.mode",
        statement.layer.source,
        '[escalation] mode = "never" until this is corrected: nothing leaves this machine',
    )
    layer = replace(statement.layer, settings=settings)
    return replace(statement, layer=layer, problems=(*statement.problems, problem))


def statement_of_file(author: Author, path: Path, raw: bytes, base: str = "") -> Statement:
    """Return what the bytes of a file say. Any problem in it turns egress off."""
    try:
        _, data = parse_toml(path, raw)
    except ConfigError as error:
        return unreadable_statement(author, path, str(error), base)
    statement = make_statement(Layer(author, str(path), OPEN, base), data, path.parent)
    return close_egress(statement) if statement.problems else statement


def unreadable_statement(author: Author, path: Path, why: str, base: str = "") -> Statement:
    """The statement of a file that exists but cannot be understood."""
    return close_egress(Statement(Layer(author, str(path), CLOSED, base), (Problem("", str(path), why),)))


def read_policies(
    directories: Sequence[Path], can_change: Callable[[Path], bool] = lambda _: False
) -> tuple[Statement, ...]:
    """The policies in these directories, in this order; all of them apply.

    If the user can change it, it is not a policy: what it allows is not believed, and nothing leaves.
    """
    policies = []
    for path in dict.fromkeys(directory / POLICY for directory in directories):
        try:
            raw = read_regular(path)
        except FileNotFoundError:
            continue
        except OSError as error:
            why = f"{path} cannot be read ({error.strerror}): make it a file that you can read"
            policies.append(unreadable_statement("organisation", path, why))
        else:
            why = f"{path} is not trusted, because users can change it: let only administrators write there"
            changeable = can_change(path)
            policies.append(
                unreadable_statement("organisation", path, why)
                if changeable
                else statement_of_file("organisation", path, raw)
            )
    return tuple(policies)


def _split_by_permission(data: Mapping[str, Any], author: Author) -> tuple[dict[str, Any], list[str]]:
    """The part of `data` that is read on, and the dotted keys that their author may not write.

    Unknown keys are read on: the reader then names the nearest known ones.
    """
    settings: dict[str, Any] = {}
    refusals = []
    for name, table in data.items():
        mine = {key for key in SETTINGS if key[0] == name and may_say(author, key)}
        if name in TABLES and not mine:
            refusals += [name] if table else []  # an empty table says nothing
        elif not isinstance(table, Mapping) or (name,) in SETTINGS:
            settings[name] = table
        else:
            others = {inner for inner in table if (name, inner) in SETTINGS and (name, inner) not in mine}
            refusals += [f"{name}.{inner}" for inner in table if inner in others]
            settings[name] = {inner: value for inner, value in table.items() if inner not in others}
    return settings, refusals


def may_say(author: Author, key: tuple[str, ...]) -> bool:
    """Return whether an author other than the user may write a setting."""
    setting = SETTINGS[key]
    tightens = bool(setting.item.metadata.get("tightens"))
    if setting.section != "escalation":
        return author == "repository" and tightens
    return author == "organisation" or tightens


def _refusal(key: str, layer: Layer) -> Problem:
    table, _, name = key.partition(".")
    setting_name = f"[{table}] {name}".rstrip()
    return Problem(key, layer.source, f"{setting_name} {_WHY[layer.author]}: set it in config.toml")
