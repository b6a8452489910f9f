"""Wrong usage in words: what is wrong, and the way that exists; and what the system refuses.

It knows typer's errors by what they say, and the words that people try from other_ways.toml. It runs nothing.
"""

import errno
import re
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any

import typer

# difflib's likeness: "--jsno" and "--json" have 0.83, "--modle" and "--file" 0.62.
NEAR = 0.75
NEAR_WAY = 0.85  # "--modle" and "--model" have 0.86, "--offline" and "--line" 0.8

_NOT_ALLOWED = (errno.EACCES, errno.EPERM, errno.EROFS)
_COMMAND = re.compile(r"No such command '(?P<word>[^']*)'")
_MISSING = re.compile(r"Missing argument '[^'.]+")  # its name, which may end with "..."
_TOO_MANY = re.compile(r"Got unexpected extra arguments?(?:\(s\))? \((?P<words>.*)\)")


def usage_words(error: typer.TyperException) -> str:
    """Return what is wrong with a command as it was typed, what to type instead, and where the help is."""
    message = error.format_message().replace("Value error, ", "")  # typer's own validator puts it there
    context: Any = getattr(error, "ctx", None)  # only a usage error has one
    path = context.command_path if context is not None else "assist"
    words = _message(error, message, path, context)
    return f"{words}{'' if words.endswith(('.', '?', ':')) else '.'} See `{path} --help`."


def system_words(error: OSError, data: Path) -> str:
    """Say what the system refused, and a remedy. `data` is the directory of models, the index and records."""
    name = str(error.filename or "A system call")
    what = f"{name}: {error.strerror or error}."
    if error.errno == errno.ENOSPC:
        return f"{what} Free some space on its disk."
    if Path(name).is_relative_to(data):
        return f"{what} Data is kept in {data}: make it yours, or name another in ASSIST_DATA_DIR."
    return f"{what} Check its permissions." if error.errno in _NOT_ALLOWED else what


def _message(error: typer.TyperException, message: str, path: str, context: Any) -> str:
    command = path.removeprefix("assist").strip()
    if option := getattr(error, "option_name", ""):
        own = [name for parameter in context.command.params for name in parameter.opts] if context else []
        return _option_words(command, option, own) if message.startswith("No such") else message
    if match := _TOO_MANY.search(message):
        way = _way(command, "*")
        return f"{match['words']!r} is one argument too many for `{path}`" + (f": {way}" if way else ".")
    if match := _COMMAND.search(message):
        way = _way(command, match["word"]) or _way(command, "*")
        return f"No such command {match['word']!r}: {way}" if way else message
    if message.startswith("Missing command") and context is not None:
        return f"Missing command: name one of {', '.join(context.command.list_commands(context))}."
    if (match := _MISSING.match(message)) and (line := _first_example(context)):
        return f"{match[0]}', as in `{line}`."
    return message


def _option_words(command: str, option: str, own: Iterable[str]) -> str:
    """An option that a command does not have, and what to type in its place."""
    words = f"No such option: {option}"
    near = get_close_matches(option, list(own), cutoff=NEAR) if option.startswith("--") else []
    if near:
        return f"{words}, did you mean {near[0]}?"
    way = _way(command, option)
    if not way and not command:
        return f"{words}. Options come after the command, as in `assist doctor --json`."
    return f"{words}: {way}" if way else f"{words}."


def _way(command: str, word: str) -> str:
    """The way that exists in place of a word, which may be misspelt; "" for an unknown one."""
    ways = _ways()
    own = {key.removeprefix(f"{command} "): way for key, way in ways.items() if key.startswith(f"{command} ")}
    general = {key: way for key, way in ways.items() if " " not in key}
    for known in (own, general):
        near = get_close_matches(word, known, n=1, cutoff=NEAR_WAY) if word.startswith("--") else []
        if match := known.get(word) or (known[near[0]] if near else ""):
            return match
    return ""


def _ways() -> Mapping[str, str]:
    text = files(__package__).joinpath("other_ways.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _first_example(context: Any) -> str:
    """The first example of a command's help, a line that can be typed; "" if it has none."""
    epilog = (context.command.epilog or "") if context is not None else ""
    lines = (line.strip() for line in epilog.splitlines())
    return next((line for line in lines if line.startswith("assist ")), "")
