"""Settings files on disk: reading TOML, writing a file, changing single settings of config.toml.

It does not know what the settings mean, except where the models' names are.
"""

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from assist_completion.settings import check_model
from assist_context import durable_files
from assist_context.regular_files import read_regular

_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_ANY_HEADER = re.compile(r"\s*\[")
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
            f"{path} cannot be read ({error.strerror}): make it a file that you may read, "
            "or name another directory in ASSIST_CONFIG_DIR"
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
        raise ConfigError(f"{path} is not TOML that can be read ({error}): simplify it") from error


def _message_with_position(path: Path, text: str, message: str) -> str:
    found = _POSITION.search(message)
    what = _POSITION.sub("", message)
    if found and found[1]:
        line = int(found[1])
        column = int(found[2])
    else:
        lines = text.split("\n")
        line = len(lines)
        column = len(lines[-1]) + 1
    return f"{path}:{line}:{column}: not valid TOML: {what}"


def set_model(path: Path, name: str, tables: Iterable[str] = ("completion",)) -> None:
    """Write `model = name` into these tables of config.toml; every other line stays as it is.

    Raises what `write_settings` does, and `CompletionError` for an invalid model name.
    """
    check_model(name)
    write_settings(path, {(table, "model"): name for table in tables})


def write_settings(path: Path, changes: Mapping[tuple[str, ...], Any]) -> None:
    """Write settings into config.toml, by their tables and names; None removes one.

    Every other line stays as it is. The file is replaced in one step, and then only its owner can read it.
    Raises `ConfigError` if it cannot be read or written, or if the right line cannot be found with certainty.
    """
    edited, data = read_toml(path)
    before = edited
    for key, value in changes.items():
        data = _with_member(data, key, value)
        candidates = _without_line(edited, key) if value is None else _with_line(edited, key, literal(value))
        certain = next((candidate for candidate in candidates if _parses_to(candidate, data)), None)
        if certain is None:
            line = f"{key[-1]} = {literal(value)}"
            remedy = f"remove {key[-1]} there" if value is None else f"put {line} there"
            named = ".".join(key[:-1])
            raise ConfigError(
                f"{path} writes [{named}] so that it cannot be edited safely: {remedy} yourself"
            )
        edited = certain
    if edited == before:
        return
    try:
        replace_file(path, edited)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written ({error.strerror}): make the place writable, "
            "or name another directory in ASSIST_CONFIG_DIR"
        ) from error


def member(data: Any, key: tuple[str, ...]) -> Any:
    """The value of a key in nested tables; None if there is none."""
    for name in key:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def _with_member(data: Any, key: tuple[str, ...], value: Any) -> Any:
    """A copy of nested tables with one value changed, or removed if it is None."""
    if not isinstance(data, dict):  # no table: no edit can lead to what is wanted
        return None
    name = key[0]
    if key[1:]:
        return {**data, name: _with_member(data.get(name, {}), key[1:], value)}
    return {own: data[own] for own in data if own != name} | ({} if value is None else {name: value})


def _parses_to(text: str, data: Any) -> bool:
    try:
        return bool(tomllib.loads(text) == data)
    except (ValueError, RecursionError):
        return False


def _with_line(text: str, key: tuple[str, ...], written: str) -> Iterator[str]:
    """The text with a value changed, or a line inserted where it may belong; the caller checks the results.

    >>> next(_with_line('[completion]\\nmodel = "a" # mine\\n', ("completion", "model"), '"b"'))
    '[completion]\\nmodel = "b" # mine\\n'
    """
    end = "\r\n" if "\r\n" in text else "\n"
    assignment = f"{_bare_key(key[-1])} = {written}"
    lines = text.split("\n")
    start = _header_line(lines, key[:-1])
    if start is None:
        gap = "" if not text else end if text.endswith("\n") else end * 2
        yield f"{text}{gap}[{'.'.join(map(_bare_key, key[:-1]))}]{end}{assignment}{end}"
        return
    found = _assignment_line(lines, start, key[-1])
    if found is not None:
        number, before = found
        for last, after in _value_ends(lines, number, len(before)):
            yield "\n".join([*lines[:number], f"{before}{written}{after}", *lines[last + 1 :]])
        return
    if start == len(lines) - 1:  # the header is the last line and has no line end
        lines.append("")
        lines[start] += end.removesuffix("\n")
    lines.insert(start + 1, f"{assignment}{end.removesuffix(chr(10))}")
    yield "\n".join(lines)


def _without_line(text: str, key: tuple[str, ...]) -> Iterator[str]:
    """The text without the lines of a value; the text itself if there is none."""
    yield text
    lines = text.split("\n")
    start = _header_line(lines, key[:-1])
    found = _assignment_line(lines, start, key[-1]) if start is not None else None
    if found is not None:
        for last in range(found[0], len(lines)):
            yield "\n".join([*lines[: found[0]], *lines[last + 1 :]])


def _header_line(lines: Sequence[str], table: tuple[str, ...]) -> int | None:
    """The number of the line that begins a table."""
    names = r"\s*\.\s*".join(_spelling_of(name) for name in table)
    header = re.compile(rf"\s*\[\s*{names}\s*\]\s*(?:#.*)?$")
    return next((number for number, line in enumerate(lines) if header.match(line)), None)


def _assignment_line(lines: Sequence[str], start: int, name: str) -> tuple[int, str] | None:
    """The number of the line in the table at `start` that sets a name, and its text before the value."""
    assignment = re.compile(rf"\s*{_spelling_of(name)}\s*=\s*")
    for number in range(start + 1, len(lines)):
        if _ANY_HEADER.match(lines[number]):
            break
        if found := assignment.match(lines[number]):
            return number, found[0]
    return None


def _value_ends(lines: Sequence[str], number: int, start: int) -> Iterator[tuple[int, str]]:
    """Where the value that begins in a line may end: the number of its last line, and what follows there.

    A value of several lines ends before what follows; a comment after a value stays.
    """
    for last in range(number, len(lines)):
        line = lines[last]
        comments = [at for at, letter in enumerate(line) if letter == "#" and (last > number or at >= start)]
        for at in (*comments, len(line.rstrip("\r"))):
            head = line[:at]
            value = "\n".join([*lines[number:last], head])[start:]
            try:
                tomllib.loads(f"value = {value}")
            except (ValueError, RecursionError):
                continue
            yield last, line[len(head.rstrip()) :]
            return


def _spelling_of(name: str) -> str:
    plain = re.escape(name)
    return f"""(?:{plain}|"{plain}"|'{plain}')"""


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
            written = ", ".join(f"{key(name)} = {literal(item, text, key)}" for name, item in pairs)
            return f"{{ {written} }}" if written else "{}"
        case _:
            return str(value)


def replace_file(path: Path, text: str) -> None:
    """Write `text` to `path` in one step, for its owner only. If it raises `OSError`, nothing has changed."""
    target = path.resolve()  # dotfiles are often links: the file that the link points to changes
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    durable_files.replace(target, text.encode())
