"""Permissions, and what a repository's file forbids, as lines for people. It decides nothing."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from assist_escalation.policy.permissions import Layer, Permissions, restrictions, sources
from assist_server.config.layers import Statement
from assist_server.config.permissions import EffectivePermissions
from assist_server.config.repository_file import Repository
from assist_server.config.structure import SETTINGS
from assist_server.config.toml_file import literal
from assist_server.wording.amounts import exact_usd

STATES = {"trusted": "accepted", "new": "new, not accepted", "changed": "changed, not accepted"}
_LABELS = {
    setting.item.name: (f"[{key[0]}] {key[1]}" if key[1:] else f"[{key[0]}]")
    for key, setting in SETTINGS.items()
    if setting.section == "escalation"
}
_SHRINKING = {"allowed_providers", "residency"}  # lists that are stricter if they are shorter


def permission_document(effective: EffectivePermissions) -> dict[str, Any]:
    """The permissions as JSON, the sources of each, and the repositories' files."""
    return {
        "permissions": asdict(effective.permissions),
        "sources": sources(effective.layers),
        "repository_files": [
            {"path": str(repository.path), "state": repository.state} for repository in effective.repositories
        ],
    }


def permission_lines(effective: EffectivePermissions) -> Iterator[str]:
    """Each permission by its name in a settings file, and below it the sources that decided it.

    The lines are TOML.
    """
    where = ", ".join(effective.permissions.roots) or "no folder"
    yield f"# what may leave from {toml_value(where)[1:-1]}"
    for repository in effective.repositories:
        yield f"# {toml_value(str(repository.path))[1:-1]}: {STATES[repository.state]}"
    deciding = sources(effective.layers)
    for table, settings in _tables(effective.permissions).items():
        tables = {name: lines for name, lines in settings.items() if lines}
        yield from [f"[{table}]"] if tables else []
        for name, lines in tables.items():
            yield from lines
            yield from (f"  # {source}" for source in dict.fromkeys(deciding[name]))


def _tables(permissions: Permissions) -> dict[str, dict[str, list[str]]]:
    """For each table of a settings file the fields of the permissions, each as lines of TOML."""

    def as_set(*keys: str, prefix: str = "") -> dict[str, list[str]]:
        return {prefix + key: [f"{key} = {toml_value(getattr(permissions, prefix + key))}"] for key in keys}

    defaults = [*dict.fromkeys(class_.default for class_ in permissions.classes if class_.default)]
    class_rows = dict.fromkeys(pair for class_ in permissions.classes for pair in class_.globs)
    tables_of = [
        f"# {toml_value(name)} may see {', '.join(map(toml_value, provider.residency)) or 'nothing'}"
        for name, provider in permissions.providers.items()
    ]
    return {
        "escalation": {
            **as_set("mode", "max_escalation_rate"),
            "thresholds": _add_others("threshold", [dict(threshold) for threshold in permissions.thresholds]),
            "request_micro": [f"max_cost_usd_per_request = {permissions.request_micro / 1e6}"],
            "day_micro": [f"max_cost_usd_per_day = {permissions.day_micro / 1e6}"],
            "user_day_micro": [f"# all your repositories: {exact_usd(permissions.user_day_micro)} a day"],
            **as_set("always_local", "always_ask"),
            "providers": [f"providers = {toml_value(list(permissions.providers))}", *tables_of],
            "classes": _add_others("default_class", defaults),
            **as_set("allow_unknown_price", "allow_unasked_retry", "yes_allowed"),
        },
        "egress": {"deny": [f"deny = {toml_value([glob.pattern for glob in permissions.deny])}"]},
        "data_class": {
            "classes": [f"{toml_value(glob.pattern)} = {toml_value(kind)}" for glob, kind in class_rows]
        },
        "gateway": {
            **as_set("unattributed", "uninspected", prefix="gateway_"),
            "gateway_session_micro": [
                f"max_cost_usd_per_session = {permissions.gateway_session_micro / 1e6}"
            ],
            **as_set("matched", prefix="gateway_"),
        },
        "redaction": {"patterns": _pattern_lines(permissions)},
        "audit": as_set("content", "checkpoint", "key_env", prefix="audit_"),
    }


def _add_others(name: str, values: Sequence[Any]) -> list[str]:
    """The first of several values of a setting that all count, and the others."""
    first = [f"{name} = {toml_value(value)}" for value in values[:1]]
    return first + [f"# and also {toml_value(value)}" for value in values[1:]]


def _pattern_lines(permissions: Permissions) -> list[str]:
    """The user's own expressions, and how many rules of files count."""
    own = [pattern for pattern in permissions.patterns if isinstance(pattern, str)]
    rules = len(permissions.patterns) - len(own)
    return [f"patterns = {toml_value(own)}", *([f"# and {rules} rules of a rules_file"] if rules else [])]


def toml_value(value: Any) -> str:
    r"""A value in TOML, in ASCII, so that text from a stranger's file cannot control the terminal.

    >>> print(toml_value(["a\x1b", True, {"b": 0.5, "c": None}]))
    ["a\u001B", true, { "b" = 0.5 }]
    """
    return literal(value, _ascii_text, _ascii_text)


def _ascii_text(text: str) -> str:
    return f'"{"".join(map(_toml_character, text))}"'


def _toml_character(character: str) -> str:
    if " " <= character <= "~":
        return f"\\{character}" if character in '"\\' else character
    number = ord(character)
    return f"\\u{number:04X}" if number < 0x10000 else f"\\U{number:08X}"


def change_lines(file: Repository) -> Iterator[str]:
    """Yield what accepting the file means: what it forbids, or what has changed since it was accepted."""
    now = _statement_lines(file.now)
    before = _statement_lines(file.before)
    if file.before is None:
        yield f"{file.path} is new. It forbids:"
        yield from (f"  {line}" for line in now)
        if not now:
            yield "  nothing"
        return
    yield f"{file.path} {'has changed' if file.now else 'is gone'}. Compared to what you accepted:"
    yield from (f"- {line}" for line in before if line not in now)
    yield from (f"+ {line}" for line in now if line not in before)
    if now == before:
        yield "  it still forbids the same things"


def _statement_lines(statement: Statement | None) -> list[str]:
    return list(_restriction_lines(statement.layer)) if statement else []


def _restriction_lines(layer: Layer) -> Iterator[str]:
    for name, value in restrictions(layer):
        label = _LABELS[name]
        if isinstance(value, Mapping):
            yield from (f"{label} {_json(glob)} = {_json(kind)}" for glob, kind in value.items())
        elif isinstance(value, tuple) and name not in _SHRINKING:
            yield from (f"{label} {_json(item)}" for item in value)
        else:
            yield f"{label} = {_json(value)}"


def _json(value: Any) -> str:
    return json.dumps(value)  # ASCII, so that text from a stranger's file cannot control the terminal
