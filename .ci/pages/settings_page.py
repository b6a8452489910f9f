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
Every table is optional, and so is every setting except those marked "required".
Your settings are in `config.toml`, on Linux in `~/.config/assist`; `assist config path` prints its path.
`assist config set completion.mode quiet` changes one setting and keeps all other lines of the file.
`assist config unset completion.mode` removes a setting.
`assist config show` shows the settings that apply, from all files.

Three other sources can make the rules for what leaves your machine stricter.
If they disagree, the strictest rule applies.

- **An editor** sends the same keys in `initializationOptions`, or in its settings under `assist`.
  It may set `[answers]`, `[completion]` except `library` and `server`, and `[context]` except `docs`; its
  values replace those in `config.toml`.
  A path to a model must also be in `config.toml`, or lead into assist's own model directory.
  But `[answers] run` can only be stricter than there: `never` is stricter than `ask`, and `ask` than
  `sandbox`.
  The editor may also restrict what leaves, with the keys of `[escalation]`, `[egress]`, `[data_class]` and
  `[gateway]` that a repository may set.
- **An organisation** has a `policy.toml` in the system's configuration directory, on Linux
  `/etc/xdg/assist`, or next to `config.toml`.
  It may contain `[completion] server` and all tables below from `[escalation]` on, except `port`,
  `with_editor` and `edit_servers` of `[gateway]`.
  A provider or server in it replaces yours of the same name.
- **A repository** has an `.assist.toml` in the workspace folder, or above it within the git repository.
  It may contain `[escalation]`, `[egress]`, `[data_class]`, `languages_off` and `in_comments` of
  `[completion]`, and `unattributed`, `uninspected`, `max_cost_usd_per_session` and `matched` of `[gateway]`.
  Any other key in it is an error.
  Its globs are relative to the folder that contains it.
  If it is invalid, or you have not accepted its current text, nothing in that repository leaves your
  machine.
  `assist config trust` shows the file and asks you to accept it.

These environment variables have an effect:

| variable | effect |
|---|---|
| `ASSIST_CONFIG_DIR` | the directory of `config.toml`, instead of the system's default |
| `ASSIST_DATA_DIR` | the directory of models, indexes and logs, instead of the system's default |
| `ASSIST_OFFLINE` | `1` forbids all network sockets, even to a server on the same machine |

If you move these directories, use absolute paths outside the workspace and outside every repository.
If they are anywhere else, assist blocks everything that would leave your machine.
The terms on this page, such as data class, preview and redaction, are explained in
[What may leave the machine](egress.md).
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
