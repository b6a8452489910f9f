"""Settings files on disk: reading TOML, writing a file, changing single settings of config.toml.

It does not know what the settings mean.
"""

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from assist_context import durable_files
from assist_context.regular_files import read_regular

_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_BARE = re.compile(r"[A-Za-z0-9_-]+")


class ConfigError(Exception):
    """The configuration cannot be used. Each line names the file, the setting and the remedy."""

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


def read_toml(path: Path) -> tuple[str, dict[str, Any]]:
    """The text of a TOML file and its data; a missing file counts as empty.

    Raises `ConfigError` if it cannot be read, or is not TOML (with line and column).
    """
    try:
        raw = read_regular(path)
    except FileNotFoundError:
        return "", {}
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror}): make it a file that you can read, or name another "
            "directory in ASSIST_CONFIG_DIR"
        ) from error
    return parse_toml(path, raw)


def parse_toml(path: Path, raw: bytes) -> tuple[str, dict[str, Any]]:
    """The text of the bytes that were read from `path`, and its data; `ConfigError` as in `read_toml`."""
    try:
        text = raw.decode("utf-8-sig")  # Windows editors put a byte order mark first
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}:{line}: byte 0x{raw[error.start]:02x} is not UTF-8: save the file as UTF-8"
        ) from error
    try:
        return text, tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(_message_with_position(path, text, str(error))) from error
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, lists 1,000 deep
        raise ConfigError(f"{path} has a value that is too long or deep ({error}): simplify it") from error


def _message_with_position(path: Path, text: str, message: str) -> str:
    match = _POSITION.search(message)
    what = _POSITION.sub("", message)
    if match and match[1]:
        line = int(match[1])
        column = int(match[2])
    else:
        lines = text.split("\n")
        line = len(lines)
        column = len(lines[-1]) + 1
    return f"{path}:{line}:{column}: not valid TOML: {what}"


def write_settings(path: Path, changes: Mapping[tuple[str, ...], Any]) -> None:
    """Write settings into config.toml, by their tables and names; None removes one.

    Every other line stays as it is. The file is replaced in one step, and then only its owner can read it.
    Raises `ConfigError` if it cannot be read or written, or if the right line cannot be found with certainty.
    """
    before, data = read_toml(path)
    text = before
    for key, value in changes.items():
        data = _set_member(data, key, value)
        text = _set_value(text, key, value)
        if not _parses_to(text, data):
            remedy = f"remove {key[-1]}" if value is None else f"put {key[-1]} = {literal(value)}"
            table_name = ".".join(key[:-1])
            raise ConfigError(
                f"{path} writes [{table_name}] in a way that cannot be edited safely: {remedy} there by hand"
            )
    if text == before:
        return
    try:
        replace_file(path, text)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written ({error.strerror}): make its folder writable, or name another "
            "directory in ASSIST_CONFIG_DIR"
        ) from error


def member(data: Any, key: tuple[str, ...]) -> Any:
    """The value of a key in nested tables; None if there is none."""
    for name in key:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def _set_member(data: Any, key: tuple[str, ...], value: Any) -> Any:
    """A copy of nested tables with one value changed, or removed if it is None."""
    if not isinstance(data, dict):  # no table: no edit can lead to what is wanted
        return None
    name = key[0]
    if key[1:]:
        return {**data, name: _set_member(data.get(name, {}), key[1:], value)}
    return {own: data[own] for own in data if own != name} | ({} if value is None else {name: value})


def _parses_to(text: str, data: Any) -> bool:
    try:
        return bool(tomllib.loads(text) == data)
    except (ValueError, RecursionError):
        return False


def _set_value(text: str, key: tuple[str, ...], value: Any) -> str:
    """The text with one value changed, added first in its table, or removed if it is None.

    If the text has something else where the table should be, the result may be wrong: the caller checks it.

    >>> _set_value('[completion]\\nmodel = "a" # mine\\n', ("completion", "model"), "b")
    '[completion]\\nmodel = "b" # mine\\n'
    """
    import tomlkit  # noqa: PLC0415 - 10 ms, only where something is written
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415
    from tomlkit.items import InlineTable, Table  # noqa: PLC0415

    end = "\r\n" if "\r\n" in text else "\n"
    name = key[-1]
    try:
        document = tomlkit.parse(text)
        table: Any = document
        for part in key[:-1]:
            table = table.get(part, {})
        there = table.get(name)
        if isinstance(there, Mapping) and not isinstance(there, InlineTable):
            return text  # a table of several lines, with the user's comments
        if value is None:
            table.pop(name, None)
            return document.as_string()
        item = tomlkit.value(literal(value))
        item.trivia.trail = end
        if there is None and isinstance(table, Table) and not table.is_super_table():
            # tomlkit itself would add it after the comments that belong to the next table.
            table.trivia.trail = table.trivia.trail or end  # the header may be the last line
            table.value.body.insert(0, (tomlkit.key(name), item))
        elif there is None and (isinstance(table, Table) or type(table) is dict):
            gap = "" if not text else end if text.endswith("\n") else end * 2
            header = ".".join(map(_bare_key, key[:-1]))
            return f"{text}{gap}[{header}]{end}{_bare_key(name)} = {literal(value)}{end}"
        else:
            table[name] = item
        return document.as_string()
    except (TOMLKitError, AttributeError, TypeError, RecursionError):
        return text


def _quote(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)  # a JSON string is a TOML string


def _bare_key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _quote(name)


def literal(value: Any, text: Callable[[str], str] = _quote, key: Callable[[str], str] = _bare_key) -> str:
    """A value as TOML, with its texts and the keys of its tables written by these functions.

    TOML has no null: what is None in a table is left out.

    >>> literal({"model": "a", "residency": ["public"]})
    '{ model = "a", residency = ["public"] }'
    """
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return text(value)
        case list() | tuple():
            return f"[{', '.join(literal(item, text, key) for item in value)}]"
        case Mapping():
            pairs = [(name, item) for name, item in value.items() if item is not None]
            items = ", ".join(f"{key(name)} = {literal(item, text, key)}" for name, item in pairs)
            return f"{{ {items} }}" if items else "{}"
        case _:
            return str(value)


def replace_file(path: Path, text: str) -> None:
    """Write `text` to `path` in one step, for its owner only. If it raises `OSError`, nothing has changed."""
    target = path.resolve()  # dotfiles are often links: the file that the link points to changes
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    durable_files.replace(target, text.encode())
