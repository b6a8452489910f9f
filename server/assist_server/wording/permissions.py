"""Permissions, and what a repository's file forbids, as lines for people. It decides nothing."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from typing import Any

from assist_escalation.policy.permissions import Layer, Permissions, restrictions, sources
from assist_server.config.layers import Statement
from assist_server.config.permissions import EffectivePermissions
from assist_server.config.repository_file import Repository
from assist_server.config.structure import SETTINGS
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
            {"path": str(each.path), "state": each.state} for each in effective.repositories
        ],
    }


def permission_lines(effective: EffectivePermissions) -> Iterator[str]:
    """Each permission, and below it the sources that decided it."""
    where = ", ".join(effective.permissions.roots) or "no folder"
    yield f"# what may leave from {where}"
    for each in effective.repositories:
        yield f"# {each.path}: {STATES[each.state]}"
    deciding = sources(effective.layers)
    for item in fields(Permissions):
        if item.name == "roots":
            continue
        yield f"{item.name} = {_value(item.name, getattr(effective.permissions, item.name))}"
        for source in dict.fromkeys(deciding[item.name]):
            yield f"  # {source}"


def change_lines(file: Repository) -> Iterator[str]:
    """What accepting the file means: what it forbids, or what has changed since it was accepted."""
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
        yield "  it forbids the same"


def _statement_lines(statement: Statement | None) -> list[str]:
    return list(_restriction_lines(statement.layer)) if statement else []


def _restriction_lines(layer: Layer) -> Iterator[str]:
    for name, value in restrictions(layer):
        label = _LABELS[name]
        if isinstance(value, Mapping):
            yield from (f"{label} {_json(glob)} = {_json(kind)}" for glob, kind in value.items())
        elif isinstance(value, tuple) and name not in _SHRINKING:
            yield from (f"{label} {_json(each)}" for each in value)
        else:
            yield f"{label} = {_json(value)}"


def _value(name: str, value: Any) -> str:
    if name == "providers":
        shown = (f"{each} ({', '.join(one.residency) or 'no class'})" for each, one in value.items())
        return ", ".join(shown) or "none"
    if name.endswith("_micro"):
        return f"{value:,} ({exact_usd(value)})"
    if name == "deny":
        return ", ".join(_json(each.pattern) for each in value) or "none"
    if name == "classes":
        marked = [f"{_json(glob.pattern)}: {kind}" for each in value for glob, kind in each.globs]
        usual = [f"all other text: {each.default}" for each in value if each.default]
        return ", ".join(dict.fromkeys(marked + usual)) or "none"
    return _json(value)


def _json(value: Any) -> str:
    return json.dumps(value)  # ASCII, so that text from a stranger's file cannot control the terminal
