"""Which files a request claims to quote: by the arguments of tool calls, and by what is written around code.

A claim is believed in the strict direction only: it can keep a text here, and never lets one out. So a wrong
one does little harm, and a missing one is no permission. This module reads words and knows no rules.
"""

import posixpath
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from assist_gateway.dialects.json_places import nested_json
from assist_gateway.search_patterns import hide_separators, show_separators

_MAX_PATHS = 2_000  # of one call; a command that writes a file of 20 KB has up to 1,200 words
_LONGEST_COMMAND = 20_000  # characters
_DEPTH = 4
_COMMANDS_DEPTH = 3  # a command in a word of a command, as in `bash -lc '...'`
_LONGEST = 1_000  # characters of a path
_LONG = 20_000  # characters of a text whose claims are not remembered
# Arguments that name a file, in lower case without "_" and "-".
_PATH_NAMES = frozenset(
    ("path", "paths", "file", "files", "filepath", "filepaths", "filename", "filenames", "relativepath",
     "absolutepath", "targetfile", "relativeworkspacepath", "uri", "notebookpath", "sourcefile", "oldpath",
     "newpath", "source")
)  # fmt: skip
_COMMAND_NAMES = frozenset(("command", "cmd", "script", "commands"))
_LEAVES_OUT = re.compile(r"--(?:exclude|ignore|skip)[\w-]*")
_TESTS_OF_FIND = ("-path", "-name", "-iname", "-wholename")
_VARIABLE = re.compile(r"\A\$(?:\w+|\{\w+\})/")  # a folder in a variable, such as $PWD
# The end of a claim about all files in a folder, or in those that a wildcard names; no path has it.
ALL_IN = "/\0"
_TOO_MANY = f".{ALL_IN}"  # for more paths than are judged: a result may be from any file
_BEFORE = frozenset(
    ("command", "do", "else", "env", "exec", "nice", "nohup", "sudo", "then", "time", "xargs", "{", "!")
)
_NO_PROGRAM = re.compile(r"-|\d|\w+=|\{\}\Z")  # options, what they count, and variables
# Programs that print files in a form in which no line is recognized, some only if they write to no file.
_ENCODERS = frozenset(("base64", "base32", "basenc", "xxd", "od", "hexdump", "uuencode", "openssl", "gpg"))
_PACKERS = frozenset(("gzip", "bzip2", "xz", "zstd"))
_ARCHIVERS = frozenset(("tar", "bsdtar", "gtar"))
_QUOTED = re.compile(r'"((?:[^"\\\n]|\\.){1,1000})"')
_SEPARATORS = re.compile(r"[;&|<>()`\n]|\$\(")
_LINES = re.compile(r"(?:[:#]L?\d+(?:[-:,]L?\d+)*|\s+\(?lines?\b.*)\Z", re.IGNORECASE)
_PATH = r"[^\s`'\"<>|*:(){}\[\]=,;]*[^\s`'\"<>|*:(){}\[\]=,;.]"

_FENCE = re.compile(r"^(?P<in>[ \t>]*)(?P<bars>`{3,}|~{3,})(?P<info>[^\n`]*)$", re.MULTILINE)
_OPENED = re.compile(
    r"""
      ^<(?P<tag>[\w:-]*(?:file|document|source|content|code|snippet)[\w:-]*)[ ][^>\n]*?
        \b(?:path|name|src|filename|file)=["'](?P<attribute>[^"'\n]+)["'][^>\n]*>
    | ^==>[ ](?P<head>[^\n]+?)[ ]<==[ \t]*$
    | ^diff[ ]--git[ ]"?a/(?P<diff>[^\n"]+?)"?[ ]"?b/[^\n]*$
    | ^---[ ](?:a/)?(?P<old>[^\n\t]+)[^\n]*\n\+\+\+[ ](?:b/)?(?P<new>[^\n\t]+)[^\n]*$
    | ^\*\*\*[ ](?:Update|Add|Delete)[ ]File:[ ](?P<patch>[^\n]+)$
    | <(?:path|file_?path|file_?name|source)>(?P<element>[^<\n]+)</\w+>
    | (?:\A|^[ \t]*(?:```|~~~)[^\n]*\n)[ \t]*(?:\#+|//+|--|;+|/\*+|<!--)[ ]*(?:file(?:path|name)?[ ]*:[ ]*)?
        (?P<comment>[\w./@\\-]+\.\w+)[ ]*(?:\*/|-->)?$
    | ^[ \t]*\$[ ](?P<shell>(?:cat|head|tail|less|more|bat|nl|sed)[ ][^\n]+)$
    """,
    re.VERBOSE | re.MULTILINE,
)
_NAMED_LINE = re.compile(
    rf"(?:^|[\s`*\"'(\[#:])(?P<path>(?:[\w.~@-]*/)*{_PATH})[`*\"')\]:]*(?:\s+\(?lines?\b[^\n]*)?:?\s*\Z"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A path, and the span of a text that is said to be from there."""

    path: str
    start: int
    end: int


def claimed_in_call(arguments: Mapping[str, Any]) -> tuple[str, ...]:
    """The paths that the arguments of a tool call name, and those in its commands, as they are written.

    >>> claimed_in_call({"path": "a.py", "options": {"cmd": "cat b.py | head -n 3"}})
    ('a.py', 'cat', 'b.py', 'head')
    """
    found: dict[str, None] = {}
    for name, value in _strings(arguments, "", 0):
        if name.lower() in _COMMAND_NAMES:
            found |= dict.fromkeys(claimed_in_command(value))
        elif names_path(name) or _is_path(value):
            found |= dict.fromkeys(_spellings(value))
        if len(found) > _MAX_PATHS:
            return (*found, _TOO_MANY)
    return tuple(found)


def _strings(value: Any, name: str, depth: int) -> Iterator[tuple[str, str]]:
    """The strings of arguments, each with the name that it has or that is around its list."""
    inner = nested_json(value) if isinstance(value, str) and depth < _DEPTH else None
    if inner is not None:
        yield from _strings(inner, name, depth + 1)
    elif isinstance(value, str):
        yield name, value
    elif isinstance(value, Mapping) and depth < _DEPTH:
        for inner, part in value.items():
            yield from _strings(part, str(inner), depth + 1)
    elif isinstance(value, list | tuple) and depth < _DEPTH:
        if name.lower() in _COMMAND_NAMES and all(isinstance(part, str) for part in value):
            yield name, " ".join(shlex.quote(part) for part in value if " " not in part)
            yield from ((name, part) for part in value if " " in part)
            return
        for part in value:
            yield from _strings(part, name, depth + 1)


def claimed_in_broken(arguments: str) -> tuple[str, ...]:
    """The paths in arguments that are no JSON, as some models write them: all that is in quotes counts."""
    words = (found[1].replace("\\\\", "\\").replace("\\/", "/") for found in _QUOTED.finditer(arguments))
    found = tuple(dict.fromkeys(path for word in words for path in _of_word(word)))
    return found if len(found) <= _MAX_PATHS else (*found[:_MAX_PATHS], _TOO_MANY)


def _of_word(word: str) -> tuple[str, ...]:
    return claimed_in_command(word) if " " in word else _spellings(word)


def names_path(name: str) -> bool:
    """Whether an argument of this name is one file or more: `filePath`, `target_file`, `uri`."""
    return name.replace("_", "").replace("-", "").lower() in _PATH_NAMES


def _is_path(value: str) -> bool:
    """Whether a value is a path by its looks, whatever its name: it has a separator and no blank."""
    return ("/" in value or "\\" in value) and not re.search(r"\s", value.strip())


def claimed_in_command(command: str, depth: int = 0) -> tuple[str, ...]:
    """Every word of a shell command that may be a file; most are none, and then no rule is about them.

    >>> claimed_in_command("cd app && sed -n '1,20p' src/pay.py")
    ('cd', 'app', 'sed', 'app/sed', 'src/pay.py', 'app/src/pay.py')
    """
    found = {_TOO_MANY: None} if len(command) > _LONGEST_COMMAND else {}
    folder = ""
    command = command[:_LONGEST_COMMAND]
    parts = [_words(part) for part in _SEPARATORS.split(hide_separators(command))]
    is_encoded = any(_is_encoded(*program) for words in parts for program in _programs(words))
    ends = ("", ALL_IN) if is_encoded else ("",)
    for words in parts:
        here = (".",) if is_encoded and _works_on_all(words) else ()
        for word in (*_without_exclusions(words), *here):
            if " " in word and depth < _COMMANDS_DEPTH:
                found |= dict.fromkeys(claimed_in_command(word, depth + 1))
            for value in map(show_separators, _values_of(word, whole=is_encoded)):
                found |= dict.fromkeys(value + end for end in ends)
                if folder and not value.startswith(("/", "~")):
                    found |= dict.fromkeys(f"{folder}/{value}{end}" for end in ends)
        if words[:1] == ["cd"] and len(words) > 1:
            folder = f"{folder}/{words[1]}" if folder and not words[1].startswith("/") else words[1]
        if len(found) > _MAX_PATHS:
            found[_TOO_MANY] = None
            break
    if "\\" in command:  # of Windows
        found |= dict.fromkeys(claimed_in_command(command.replace("\\", "/"), depth))
    return tuple(found)


def _is_encoded(program: str, words: Sequence[str]) -> bool:
    """Whether a program prints files in a form in which no line is recognized, as `base64 a.py` does."""
    letters = "".join(word[1:] for word in words if re.fullmatch("-[A-Za-z]+", word))
    name = posixpath.basename(program)
    if name in _ARCHIVERS:
        letters += "".join(word for word in words[:1] if not word.startswith("-"))
        to_file = "f" in letters or any(word.startswith("--file") for word in words)
        return ("c" in letters or "--create" in words) and (
            not to_file or not {"-", "--file=-"}.isdisjoint(words)
        )
    if name in _PACKERS:
        return "c" in letters or "--stdout" in words or all(word.startswith("-") for word in words)
    if name == "git":
        return "archive" in words[:3] and not any(word.startswith(("-o", "--output")) for word in words)
    return name in _ENCODERS or (name == "zip" and "-" in words)


def _programs(words: Sequence[str]) -> Iterator[tuple[str, Sequence[str]]]:
    """What a command runs, each with the words after it: also by `xargs`, `find` and `sudo`."""
    begins = True
    for number, word in enumerate(words):
        if begins and word not in _BEFORE and not _NO_PROGRAM.match(word):
            yield word, words[number + 1 :]
            begins = False
        begins = begins or word in ("xargs", "-exec", "-execdir")


def _works_on_all(words: Sequence[str]) -> bool:
    """Whether a command may work on its whole folder without naming it."""
    after = words[words.index("archive") + 1 :] if "archive" in words else ()
    return "xargs" in words or (words[:1] == ["git"] and sum(not word.startswith("-") for word in after) == 1)


def _without_exclusions(words: Sequence[str]) -> Iterator[str]:
    """The words of a command without those that say what it leaves out.

    >>> list(_without_exclusions(["grep", "-r", "--exclude-dir=.git", "x", "--exclude", ".env"]))
    ['grep', '-r', 'x']
    """
    before: tuple[str, str] = ("", "")
    for word, after in zip(words, (*words[1:], ""), strict=False):
        left_out = _LEAVES_OUT.match(word) or _LEAVES_OUT.fullmatch(before[1]) or after == "-prune"
        if not left_out and not (before[0] in ("!", "-not") and before[1] in _TESTS_OF_FIND):
            yield word
        before = (before[1], word)


def _values_of(word: str, *, whole: bool) -> Iterator[str]:
    """What may be a path in a word: `NAME=PATH`, `REVISION:PATH`, `$FOLDER/PATH`, or all of it.

    With `whole` a wildcard alone counts too.
    """
    values = [word, word.rpartition("=")[2], word.rpartition(":")[2] if "://" not in word else ""]
    for value in dict.fromkeys(_VARIABLE.sub("", value) for value in values):
        if value and not value.startswith("-") and (_may_be_path(value) or (whole and value == "*")):
            yield value


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.replace("'", " ").replace('"', " ").split()


def _may_be_path(word: str) -> bool:
    wild = (
        r"[\s$]|:\Z" if "/" in word else r"[\s,*?{}$]|:\Z|\A\d+\Z"
    )  # `DIR/*` is in a folder that rules may name
    return len(word) <= _LONGEST and not re.search(wild, word)


def _spellings(value: str) -> tuple[str, ...]:
    """A path as it is written, and without the numbers of lines after it."""
    path = value.strip().strip("'\"`").removeprefix("file://")
    if not path or len(path) > _LONGEST or "\n" in path:
        return ()
    return tuple(dict.fromkeys((path, _LINES.sub("", path))))


def claims_in_text(text: str) -> tuple[Claim, ...]:
    """The claims that a text makes about its own parts, in order.

    These are: a path after a fence's bars or in the line above them, `<file path="...">`, `<path>...</path>`,
    what `head` and `tail` print above a file, heads of diffs and patches, a command that prints a file, and a
    comment with nothing but a path as the first line of a text or a fence.

    >>> claims_in_text("See:\\n```py app/a.py\\nx = 1\\n```\\n")
    (Claim(path='app/a.py', start=20, end=26),)
    """
    return _find_claims(text) if len(text) > _LONG else _known_claims(text)


def _find_claims(text: str) -> tuple[Claim, ...]:
    found = [*_fence_claims(text), *_opened_claims(text)]
    return tuple(sorted(found, key=lambda claim: (claim.start, claim.end)))


_known_claims = lru_cache(1_000)(_find_claims)  # of at most 20 million characters


def _fence_claims(text: str) -> Iterator[Claim]:
    opened: re.Match[str] | None = None
    for fence in _FENCE.finditer(text):
        if opened is None:
            opened = fence
        elif fence["bars"].startswith(opened["bars"]) and not fence["info"].strip():
            yield from _claims_of_fence(text, opened, fence.start())
            opened = None
    if opened is not None:
        yield from _claims_of_fence(text, opened, len(text))


def _claims_of_fence(text: str, opened: re.Match[str], end: int) -> Iterator[Claim]:
    start = min(opened.end() + 1, end)
    above = text[max(0, opened.start() - _LONGEST) : opened.start()].rstrip().rpartition("\n")[2]
    paths = dict.fromkeys(_paths_of_info(opened["info"]))
    if (named := _NAMED_LINE.search(above)) and re.search(r"[./]", named["path"]):
        paths |= dict.fromkeys(_spellings(named["path"]))
    yield from (Claim(path, start, end) for path in paths)


def _paths_of_info(info: str) -> Iterator[str]:
    """The words after a fence's bars that may be a path: `py a/b.py`, `a/b.py:3-9`, `title="a/b.py"`."""
    for word in re.split(r"[\s{}]+", info):
        value = word.rpartition("=")[2].strip("\"'`")
        language, _, rest = value.partition(":")
        for part in (value, rest if "/" in rest or "." in rest else language):
            if "/" in part or "." in part:
                yield from _spellings(part)


def _opened_claims(text: str) -> Iterator[Claim]:
    marks = list(_OPENED.finditer(text))
    for number, mark in enumerate(marks):
        following = marks[number + 1].start() if number + 1 < len(marks) else len(text)
        start = min(mark.end() + 1, len(text))
        if mark["tag"]:
            closed = text.find(f"</{mark['tag']}", start)
            end = closed if closed >= 0 else following
        else:
            end = following
        paths = _paths_of_mark(mark)
        yield from (Claim(path, start, max(start, end)) for path in paths)


def _paths_of_mark(mark: re.Match[str]) -> tuple[str, ...]:
    if mark["shell"]:
        return claimed_in_command(mark["shell"])
    names = ("attribute", "head", "diff", "patch", "old", "new", "element", "comment")
    return tuple(dict.fromkeys(path for name in names if mark[name] for path in _spellings(mark[name])))
