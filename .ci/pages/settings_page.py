"""The reference page of all settings, in Markdown, made from the fields and their metadata.

It knows no setting by name and reads nothing.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, get_args, get_type_hints

from assist_server.config.structure import SETTINGS, TABLES, allowed_values

_INTRO = """\
# Settings

This page is generated from the code.
Every setting and every table is optional.
The settings are in `config.toml`, on Linux in `~/.config/assist`; `assist config path` prints its path.
`assist config set completion.mode quiet` changes one setting and keeps all other lines.
`assist config unset` removes one, and `assist config show` shows the effective settings.
Editors send the same keys as `initializationOptions` or under `assist`, except providers and `context.docs`.
An editor's settings can make the rules for what leaves your machine stricter, never looser.

Two more files can restrict what leaves your machine; the strictest rule applies.
An organisation's `policy.toml` is in the platform's site directory or next to `config.toml`.
It may contain all tables from `[escalation]` on; a provider in it replaces yours of the same name.
A repository's `.assist.toml` is in the workspace folder, or above it within the git repository.
It may contain `[escalation]`, `[egress]`, `[data_class]`, the restricting keys of `[gateway]`,
and `languages_off` and `in_comments` of `[completion]`.
Any other key in it is an error.
Its globs are relative to its own folder.
While it is invalid, new or changed, nothing leaves: `assist config trust` shows and accepts it.

| variable | effect |
|---|---|
| `ASSIST_CONFIG_DIR` | the directory of `config.toml`, instead of the platform's default |
| `ASSIST_DATA_DIR` | the directory of models and measurements, instead of the platform's default |
| `ASSIST_OFFLINE` | `1` forbids all network sockets |

Both directories must be absolute paths outside the workspace and its repository.
If either is inside, nothing leaves your machine.
"""


def reference() -> str:
    """The page. It ends with a newline and is the same on each call."""
    return "\n".join([_INTRO, *_tables()])


def _tables() -> Iterator[str]:
    for table in TABLES:
        table_setting = SETTINGS.get((table,))
        if table_setting is None:
            rows = [(setting.item, setting.hint) for key, setting in SETTINGS.items() if key[0] == table]
            yield _section(f"[{table}]", "", rows)
            continue
        entry = get_args(table_setting.hint)[1]
        doc = table_setting.item.metadata["doc"]
        yield _section(f"[{table}.NAME]" if is_dataclass(entry) else f"[{table}]", doc, _fields(entry))


def _fields(owner: Any) -> list[tuple[Field[Any], Any]]:
    hints = get_type_hints(owner) if is_dataclass(owner) else {}
    return [(item, hints[item.name]) for item in fields(owner)] if hints else []


def _section(title: str, doc: str, rows: list[tuple[Field[Any], Any]]) -> str:
    lines = [f"## `{title}`", ""]
    if doc:
        lines += [_sentences(doc), ""]
    if rows:
        lines += ["| key | value | default | meaning |", "|---|---|---|---|"]
        lines += [_row(item, hint, "") for item, hint in rows]
        for item, hint in rows:
            parts = [part for part in get_args(hint) if is_dataclass(part)]
            lines += [_row(*field, f"{item.name}.") for part in parts for field in _fields(part)]
        lines.append("")
    return "\n".join(lines)


def _row(item: Field[Any], hint: Any, prefix: str) -> str:
    name = item.metadata.get("key", item.name)
    return f"| `{prefix}{name}` | {allowed_values(item, hint)} | {_default(item)} | {item.metadata['doc']} |"


def _default(item: Field[Any]) -> str:
    if item.default is MISSING:
        return "required" if item.default_factory is MISSING else "none"
    if item.default is None or isinstance(item.default, Mapping):
        return "none"
    value = list(item.default) if isinstance(item.default, tuple) else item.default
    return f"`{json.dumps(value)}`"


def _sentences(doc: str) -> str:
    return doc.replace(". ", ".\n")
