"""One setting given at the terminal: its key, its value as the setting takes it, and its line in config.toml.

A value is checked as if it had been read from the file. It says what others forbid, and prints nothing.
"""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args, get_origin

from assist_escalation.policy.permissions import restrictions
from assist_server.config import config as configuration
from assist_server.config.config import ConfigError, write_settings
from assist_server.config.permissions import effective_permissions
from assist_server.config.structure import SETTINGS, read, show
from assist_server.config.toml_file import literal, member, read_toml
from assist_server.errors import WRONG_USAGE, UserError


@dataclass(frozen=True, slots=True)
class Assignment:
    """A setting that was written into a file. `value` is None if it was taken out."""

    file: Path
    key: tuple[str, ...]
    value: Any


def parse_key(text: str) -> tuple[str, ...]:
    """The tables and the name of a key such as `completion.mode`; a name with dots is in quotes.

    >>> parse_key('data_class."docs/*.md"')
    ('data_class', 'docs/*.md')
    """
    try:
        data: Any = tomllib.loads(f"{text} = 0")
    except tomllib.TOMLDecodeError:
        data = {}
    names: list[str] = []
    while isinstance(data, dict) and len(data) == 1:
        [(name, data)] = data.items()
        names.append(name)
    if not names or data != 0:
        raise UserError(f"{text!r} is no key: write a table and a key, as in completion.mode.", WRONG_USAGE)
    return tuple(names)


def parse_value(key: tuple[str, ...], text: str) -> Any:
    """The value of a setting from its text: as TOML, or as it is for a setting that takes text.

    >>> parse_value(("escalation", "always_local"), "test, fix")
    ['test', 'fix']
    """
    hint = _hint_of(key)
    if get_origin(hint) is tuple and not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text
    return value if isinstance(value, str) or not _takes_text(hint) else text


def from_folder(key: tuple[str, ...], value: Any, folder: Path) -> Any:
    """The value of a setting whose relative paths start at a folder, as they do on a command line."""
    setting = SETTINGS.get(key[:2])
    if setting is None or not setting.item.metadata.get("path"):
        return value
    if isinstance(value, list):
        return [from_folder(key, item, folder) for item in value]
    is_relative = isinstance(value, str) and value.strip() and not value.startswith("~")
    return str(folder / value) if is_relative else value


def assign(key: tuple[str, ...], value: Any) -> Assignment:
    """Write a setting into the user's config.toml, or take it out if the value is None.

    Raises `ConfigError` with what is wrong about the key or the value; then nothing is written.
    """
    config = configuration.load_lenient()
    file = config.paths.config_file
    _, data = read_toml(file)
    there = member(data, key)
    if value is None and there is None:
        _check_key(key)
        return Assignment(file, key, None)
    entry: Any = value
    for name in reversed(key[1:]):
        entry = {name: entry}
    if len(key) > 2 and value is not None:  # one field of a provider: it is valid only with the others
        known = member(data, key[:2]) or {}
        if not isinstance(known, dict):
            raise ConfigError(f"{'.'.join(key[:2])} is {show(known)}, not a table: unset it first")
        entry = {key[1]: {**known, **entry[key[1]]}}
    if value is not None:
        _, problems = read(config, {key[0]: entry}, str(file), config.paths.config)
        if problems:
            raise ConfigError(*(problem.message for problem in problems))
    write_settings(file, {key: value})
    return Assignment(file, key, value)


def assigned_line(made: Assignment) -> str:
    """What was written, in a line."""
    table = ".".join(made.key[:-1])
    if made.value is None:
        return f"[{table}] {made.key[-1]} is not set"
    return f"[{table}] {made.key[-1]} = {literal(made.value)}"


def overruled_by(made: Assignment, root: Path) -> Iterator[str]:
    """What an organisation or a repository says about the same setting: the strictest rule applies."""
    setting = SETTINGS.get(made.key[:2]) or SETTINGS.get(made.key[:1])
    if setting is None or setting.section != "escalation":
        return
    found = effective_permissions(configuration.load_lenient(), [str(root)])
    label = ".".join(made.key[:2])
    for layer in found.layers:
        said = dict(restrictions(layer)) if layer.author not in ("user", "editor") else {}
        if setting.item.name in said:
            yield (
                f"{layer.source} sets {label} too, to {show(said[setting.item.name])}: "
                "the stricter of both applies."
            )


def _hint_of(key: tuple[str, ...]) -> Any:
    """The type of a setting, or of a field of a provider; None if there is no such setting."""
    whole = SETTINGS.get(key[:1])
    if whole is None:
        setting = SETTINGS.get(key)
        return setting.hint if setting else None
    entry = get_args(whole.hint)[1]
    if len(key) == 2 or not hasattr(entry, "__dataclass_fields__"):
        return entry
    named = [item for item in fields(entry) if item.name == key[2]]
    return named[0].type if named else None


def _takes_text(hint: Any) -> bool:
    choices = get_args(hint)
    return hint in (str, "str") or (bool(choices) and all(isinstance(choice, str) for choice in choices))


def _check_key(key: tuple[str, ...]) -> None:
    """Raise `ConfigError` for a key that is no setting."""
    config = configuration.load_lenient()
    data: Any = 0
    for name in reversed(key):
        data = {name: data}
    _, problems = read(config, data, "", config.paths.config)
    unknown = [problem for problem in problems if "no such" in problem.message]
    if unknown:
        raise ConfigError(unknown[0].message)
