"""How tools write a file into a request: as agents and chats do, in the shapes that their requests have."""

import difflib
import html
import json
import random
import re
from collections.abc import Callable

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
