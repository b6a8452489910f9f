"""The settings that an editor may send, as the JSON schema in the manifest of a VS Code extension.

It is made from the fields and their metadata, as the reference page is, and knows no setting by name.

`python .ci/pages/settings_schema.py vscode-extension/package.json` writes them into that manifest.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import Field
from pathlib import Path
from typing import Any, get_origin

from assist_escalation.policy.settings import ANY, Thresholds
from assist_server.config.layers import may_say
from assist_server.config.structure import SETTINGS

_TYPES: Mapping[Any, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}
_SERVER_DOCS: Mapping[str, str] = {
    "path": "The `assist` program to start. Empty: the one that **Set Up** installed, otherwise the one on "
    "the PATH.",
    "python": "The Python interpreter, 3.11 or newer, for the environment that **Set Up** creates. Empty: "
    "the newest one found.",
    "package": "The package that **Set Up** installs, as a pip requirement, without checking the hashes of "
    "its dependencies. Empty: the wheel in the extension, with hash checks.",
}
_STRICTER = "This setting applies only where it is stricter than your config.toml."


def configuration() -> list[dict[str, Any]]:
    """The tables, each with its settings by their full names, in the order of the reference page."""
    tables: dict[str, dict[str, Any]] = {
        "server": {f"assist.server.{name}": _server_property(doc) for name, doc in _SERVER_DOCS.items()}
    }
    for key, setting in SETTINGS.items():
        own = setting.item.metadata.get("own_file")
        if own or (setting.section == "escalation" and not may_say("editor", key)):
            continue
        limits = _limits_words(setting.item) if setting.section == "escalation" else ""
        if setting.item.metadata.get("stricter"):
            limits = f" {_STRICTER}"
        tables.setdefault(key[0], {})[".".join(("assist", *key))] = _property(
            setting.item, setting.hint, limits
        )
    return [
        {"title": name.replace("_", " ").capitalize(), "properties": table} for name, table in tables.items()
    ]


def manifest(text: str) -> str:
    """The text of a package.json, with its settings replaced by these."""
    data = json.loads(text)
    data["contributes"]["configuration"] = configuration()
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def _server_property(doc: str) -> dict[str, Any]:
    return {"type": "string", "default": "", "scope": "machine", "markdownDescription": doc}


def _limits_words(item: Field[Any]) -> str:
    """Say how an editor can make a rule for what leaves the machine stricter."""
    if "min" in item.metadata or "takes" in item.metadata:
        return " This setting can only lower the limit in your config.toml."
    if isinstance(item.default, tuple):
        can = "only shorten the list" if ANY in item.default else "only add to the list"
        return f" This setting can {can} in your config.toml."
    return f" {_STRICTER}"


def _property(item: Field[Any], hint: Any, limits: str) -> dict[str, Any]:
    default: Any = item.default
    bounds = item.metadata
    document = {"markdownDescription": item.metadata["doc"] + limits}
    if get_origin(hint) is tuple:
        choices = {"enum": list(bounds["choices"])} if "choices" in bounds else {}
        return {
            "type": "array",
            "items": {"type": "string", **choices},
            "default": list(default),
            **document,
        }
    if "choices" in bounds:
        return {"type": "string", "enum": list(bounds["choices"]), "default": default, **document}
    if hint is Thresholds:
        number = {"type": "number", "minimum": 0, "maximum": 1}
        return {"type": ["number", "object"], "additionalProperties": number, "default": {}, **document}
    if hint not in _TYPES:
        return {"type": "object", "additionalProperties": {"type": "string"}, "default": {}, **document}
    range_ = {"minimum": bounds["min"], "maximum": bounds["max"]} if "min" in bounds else {}
    return {"type": _TYPES[hint], **range_, "default": default, **document}


def main(arguments: list[str]) -> None:
    """Write the settings into the manifest that the arguments name."""
    path = Path(arguments[0])
    path.write_text(manifest(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
