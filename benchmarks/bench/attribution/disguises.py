"""How tools write a file into a request: as agents and chats do, in the shapes that their requests have."""

import difflib
import html
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass

Disguise = Callable[[str, random.Random], str]
PATH = "src/module/part.py"  # a name that no rule is about
_COMMENT = re.compile(r"^\s*(?:#|//|--).*$", re.MULTILINE)


def _numbers(form: str) -> Disguise:
    def write(text: str, rng: random.Random) -> str:
        first = rng.randrange(1, 400)
        return "\n".join(form.format(n, line) for n, line in enumerate(text.split("\n"), first))

    return write


def _reindent(text: str, rng: random.Random) -> str:
    lead = rng.choice(["\t", "        ", "  "])
    unit = rng.choice(["  ", "\t"])
    return "\n".join(lead + line.replace("    ", unit) for line in text.split("\n"))


def _minify(text: str, rng: random.Random) -> str:
    words = _COMMENT.sub("", text).split()
    return rng.choice([" ", ""]).join(words)


def _diff(text: str, rng: random.Random) -> str:
    """A diff against the text with a few lines changed, added and taken out."""
    lines = text.split("\n")
    changed = []
    for line in lines:
        roll = rng.random()
        if roll < 0.04:
            changed.append(line + "  # was changed")
        elif roll < 0.08:
            changed += [line, "    log.debug('another line')"]
        elif roll >= 0.11:
            changed.append(line)
    old, new = (lines, changed) if rng.random() < 0.5 else (changed, lines)
    found = "\n".join(difflib.unified_diff(old, new, f"a/{PATH}", f"b/{PATH}", lineterm="", n=3))
    return f"diff --git a/{PATH} b/{PATH}\n{found}" if found else text


def _opencode_read(text: str, rng: random.Random) -> str:
    shown = _numbers("{}: {}")(text, rng)
    return f"<path>/work/{PATH}</path>\n<type>file</type>\n<content>\n{shown}\n\n(End of file)\n</content>"


def _opencode_search(text: str, rng: random.Random) -> str:
    shown = _numbers("  Line {}: {}")(text, rng)
    return f"Found {text.count(chr(10)) + 1} matches\n/work/{PATH}:\n{shown}"


def _search_with_context(text: str, rng: random.Random) -> str:
    """What `grep -n -C2` shows: names with `-` around a match, and `--` between two parts."""
    rows = []
    for number, line in enumerate(text.split("\n"), rng.randrange(1, 400)):
        mark = ":" if rng.random() < 0.2 else "-"
        rows.append(f"./{PATH}{mark}{number}{mark}{line}")
    return "--\n" + "\n".join(rows) + "\n--"


def _coloured_diff(text: str, rng: random.Random) -> str:
    sign, colour = rng.choice([("+", 32), ("-", 31)])
    rows = [f"\x1b[{colour}m{sign}\x1b[m\x1b[{colour}m{line}\x1b[m" for line in text.split("\n")]
    head = [f"\x1b[1mdiff --git a/{PATH} b/{PATH}\x1b[m", "\x1b[36m@@ -1,9 +1,9 @@\x1b[m"]
    return "\n".join([*head, *rows])


def _coloured_search(text: str, rng: random.Random) -> str:
    """What `grep --color=always -n` shows, with a word of each line in colour."""
    rows = []
    for number, line in enumerate(text.split("\n"), rng.randrange(1, 400)):
        shown = re.sub(r"\w{3,}", "\x1b[01;31m\x1b[K\\g<0>\x1b[m\x1b[K", line, count=1)
        rows.append(f"\x1b[32m\x1b[K{number}\x1b[m\x1b[K\x1b[36m\x1b[K:\x1b[m\x1b[K{shown}")
    return "\n".join(rows)


def _patch(text: str, rng: random.Random) -> str:
    sign = rng.choice("+- ")
    shown = "\n".join(sign + line for line in text.split("\n"))
    return f"*** Begin Patch\n*** Update File: {PATH}\n@@\n{shown}\n*** End Patch"


def _traceback(text: str, rng: random.Random) -> str:
    """As pytest shows a function: indented, one line marked, its file after it."""
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    shown = [(">" if number == at else " ") + "   " + line for number, line in enumerate(lines)]
    end = ["E       assert False", "", f"{PATH}:12: AssertionError"]
    return "\n".join(["____ test_it ____", "", *shown, *end])


def _list_of_strings(text: str, rng: random.Random) -> str:
    """As a notebook keeps its source."""
    del rng
    return json.dumps({"source": [line + "\n" for line in text.split("\n")]}, indent=1)


DISGUISES: dict[str, Disguise] = {
    "as it is": lambda text, _: text,
    "cat -n": _numbers("{:6}\t{}"),
    "N|": _numbers("{}|{}"),
    "N→": _numbers("{:6}→{}"),
    "grep -n": _numbers(PATH + ":{}:{}"),
    "JSON": lambda text, _: json.dumps({"output": text, "exit_code": 0}),
    "JSON in JSON": lambda text, _: json.dumps({"content": json.dumps([{"type": "text", "text": text}])}),
    "cat -n in JSON": lambda text, rng: json.dumps(_numbers("{:6}\t{}")(text, rng)),
    "HTML": lambda text, _: f"<pre>{html.escape(text)}</pre>",
    "re-indented": _reindent,
    "minified": _minify,
    "quoted": lambda text, _: "\n".join("> " + line for line in text.split("\n")),
    "fence": lambda text, _: f"Here it is:\n\n```python\n{text}\n```",
    "fence with a name": lambda text, _: f"````python {PATH}\n{text}\n````",
    "tags": lambda text, _: f'<file path="{PATH}">{text}</file>',
    "diff": _diff,
    "CRLF": lambda text, _: text.replace("\n", "\r\n"),
    "opencode's read": _opencode_read,
    "opencode's search": _opencode_search,
    "00001|": _numbers("{:05}| {}"),
    "grep -C": _search_with_context,
    "diff in colours": _coloured_diff,
    "grep in colours": _coloured_search,
    "colours in JSON": lambda text, rng: json.dumps({"output": _coloured_diff(text, rng)}),
    "patch": _patch,
    "arguments of an edit": lambda text, _: json.dumps(
        {"filePath": PATH, "oldString": text, "newString": "x"}
    ),
    "traceback": _traceback,
    "list of strings": _list_of_strings,
    "list in a summary": lambda text, _: "\n".join(f"- `{line}`" for line in text.split("\n")),
}


def piece(text: str, rng: random.Random) -> str:
    """The whole file in a third of cases, else a range of its lines, of two at least."""
    lines = text.split("\n")
    roll = rng.random()
    if roll < 0.34 or len(lines) < 4:
        return text
    count = min(len(lines), rng.choice([2, 3, 5, 8, 20, 60, 200]))
    first = rng.randrange(len(lines) - count + 1)
    return "\n".join(lines[first : first + count])


@dataclass(frozen=True, slots=True)
class CutText:
    """A text that an agent shows in part: as it is shown, its parts, and those of whole lines."""

    shown: str
    parts: tuple[str, ...]
    whole: tuple[str, ...]


def cut_lines(text: str, rng: random.Random) -> CutText:
    """Long lines end at a limit, as agents show them (at 2,000 characters; earlier here)."""
    limit = rng.choice([60, 100, 200])
    shown = []
    parts = []
    whole: list[list[str]] = [[]]
    for line in text.split("\n"):
        if len(line) <= limit:
            shown.append(line)
            whole[-1].append(line)
        else:
            shown.append(f"{line[:limit]}... (line truncated to {limit} chars)")
            parts.append(line[:limit])
            whole.append([])
    rest = tuple("\n".join(lines) for lines in whole)
    return CutText("\n".join(shown), (*parts, *rest), rest)


def cut_middle(text: str, rng: random.Random) -> CutText:
    """The beginning and the end, as Codex shows what is long."""
    if len(text) < 400:
        return CutText(text, (text,), (text,))
    size = rng.randrange(150, len(text) // 2)
    head = text[:size]
    tail = text[-size:]
    whole = (head.rpartition("\n")[0], tail.partition("\n")[2])
    note = "Chunk ID: d245c6\nProcess exited with code 0\nOriginal token count: 16000\nOutput:\n"
    return CutText(f"{note}{head}…{len(text) // 4} tokens truncated…{tail}", (head, tail), whole)


CUTS: dict[str, Callable[[str, random.Random], CutText]] = {
    "lines cut": cut_lines,
    "middle cut": cut_middle,
}
