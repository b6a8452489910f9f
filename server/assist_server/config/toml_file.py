"""Settings files on disk: reading TOML, writing a file, changing one line of config.toml.

It does not know what the settings mean, except where the model's name is.
"""

import contextlib
import json
import os
import re
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from assist_completion.settings import check_model

_POSITION = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_HEADER = re.compile(r"""\s*\[\s*(?:completion|"completion"|'completion')\s*\]\s*(?:#.*)?$""")
_ANY_HEADER = re.compile(r"\s*\[")
_MODEL = re.compile(r"""(\s*(?:model|"model"|'model')\s*=\s*)(?:"(?:[^"\\]|\\.)*"|'[^']*')(.*)$""", re.DOTALL)


class ConfigError(Exception):
    """The configuration cannot be used. The message names the file, the setting and the remedy."""


def read_toml(path: Path) -> tuple[str, dict[str, Any]]:
    """The text of a TOML file and its data; a missing file counts as empty.

    Raises `ConfigError` if it cannot be read, or is not TOML (with line and column).
    """
    try:
        raw = path.read_bytes()
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


def set_model(path: Path, name: str) -> None:
    """Write `[completion] model = name` into config.toml; every other line stays as it is.

    The file is replaced in one step, and then only its owner can read it. Raises `ConfigError` if it cannot
    be read or written, or if the right line cannot be found with certainty, and `CompletionError` for an
    invalid model name.
    """
    check_model(name)
    text, data = read_toml(path)
    assignment = f"model = {_quote(name)}"
    edited = _with_model(text, name)
    table = data.get("completion", {})
    expected = {**data, "completion": {**table, "model": name}} if isinstance(table, dict) else None
    try:
        certain = tomllib.loads(edited) == expected
    except ValueError:
        certain = False
    if not certain:
        raise ConfigError(
            f"{path} writes [completion] so that it cannot be edited safely: put {assignment} there yourself"
        )
    try:
        replace_file(path, edited)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written ({error.strerror}): make the place writable, "
            "or name another directory in ASSIST_CONFIG_DIR"
        ) from error


def _with_model(text: str, name: str) -> str:
    """The text with the line changed, or inserted where it most likely belongs; the caller checks the result.

    >>> _with_model('[completion]\\nmodel = "a" # mine\\n', "b")
    '[completion]\\nmodel = "b" # mine\\n'
    """
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.split("\n")
    start = next((number for number, line in enumerate(lines) if _HEADER.match(line)), None)
    if start is None:
        gap = "" if not text else end if text.endswith("\n") else end * 2
        return f"{text}{gap}[completion]{end}model = {_quote(name)}{end}"
    for number in range(start + 1, len(lines)):
        if _ANY_HEADER.match(lines[number]):
            break
        if found := _MODEL.match(lines[number]):
            lines[number] = f"{found[1]}{_quote(name)}{found[2]}"
            return "\n".join(lines)
    if start == len(lines) - 1:  # the header is the last line and has no line end
        lines.append("")
        lines[start] += end.removesuffix("\n")
    lines.insert(start + 1, f"model = {_quote(name)}{end.removesuffix(chr(10))}")
    return "\n".join(lines)


def _quote(name: str) -> str:
    return json.dumps(name, ensure_ascii=False)  # a JSON string is a TOML string


def replace_file(path: Path, text: str) -> None:
    """Write `text` to `path` in one step, for its owner only. If it raises `OSError`, nothing has changed."""
    target = path.resolve()  # dotfiles are often links: the file that the link points to changes
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # made with mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(target)
    except OSError:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
