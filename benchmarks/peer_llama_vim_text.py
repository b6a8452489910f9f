"""The text side of the llama.vim policy: what a request holds, how answers are found again, what is shown.

Written from ggml-org/llama.vim, autoload/llama.vim: s:fim_ctx_local, the hashes of llama#fim, s:fim_render.
Knows no time and no server.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from peer_port import blank, indentation
from policy import View

PREFIX, SUFFIX = 256, 64  # n_prefix, n_suffix: lines
TRIMMED = 3  # lines that may have scrolled out at the top since an answer was asked for


@dataclass(frozen=True, slots=True)
class Place:
    """A line (from 0) with the completion shown there, taken as accepted (`prev`)."""

    line: int
    content: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Local:
    """s:fim_ctx_local: the request's three texts, its n_indent, and what stands right of the cursor."""

    prefix: str
    middle: str
    suffix: str
    indent: int
    right: str = ""


@dataclass(frozen=True, slots=True)
class Hint:
    """What is shown: `text` ("" for nothing), and its lines as kept for later, with the line's rest."""

    text: str
    content: tuple[str, ...]
    tokens: int = 0


def local(view: View, place: Place | None, indent: int) -> Local:
    """The context of the cursor, or of where it would be with `place` accepted; `indent` is the last one."""
    lines = (view.before + view.after).split("\n")
    at = view.line if place is None else place.line
    line = lines[at] if at < len(lines) else ""
    below = "\n".join(lines[at + 1 : at + 1 + SUFFIX])
    if place is None:
        left, right = line[: view.column], line[view.column :]
        if blank(line):  # such a line is written from its beginning
            left = right = ""
        prefix = "\n".join(lines[max(0, at - PREFIX) : at])
        return Local(
            f"{prefix}\n", left, f"{right}\n{below}\n", 0 if blank(line) else indentation(line), right
        )
    above = lines[max(0, at - PREFIX + len(place.content) - 1) : at]
    if len(place.content) > 1:
        above += [line + place.content[0], *place.content[1:-1]]
        line = place.content[-1]
    else:
        line += place.content[0]
    return Local("\n".join(above) + "\n", line, f"\n{below}\n", indent)


def keys(context: Local) -> list[str]:
    """Under which an answer is kept: with the prefix, and with up to three of its first lines gone."""
    found = [f"{context.prefix}{context.middle}\0{context.suffix}"]
    prefix = context.prefix
    for _ in range(TRIMMED):
        prefix = prefix.partition("\n")[2]
        if not prefix:
            break
        found.append(f"{prefix}{context.middle}\0{context.suffix}")
    return found


def render(view: View, answer: str, tokens: int) -> Hint:
    """s:fim_render: trailing empty lines go, and what only repeats the lines that follow is not shown.

    On a line of white space alone, as much of the answer's is left out as stands there; the plugin would put
    the rest at the line's start where it has less, which cannot be said here: it is shown behind the cursor.
    """
    content = answer.split("\n")
    while content and not content[-1]:
        content.pop()
    lines = (view.before + view.after).split("\n")
    line = lines[view.line]
    content = content or [""]
    if blank(line):
        lead = min(indentation(content[0]), len(line))
        line, content[0] = content[0][:lead], content[0][lead:]
    left, right = line[: view.column], line[view.column :]
    if _repeats(content, left, right, lines[view.line + 1 :]):
        content = [""]
    text = "\n".join(content)
    content[-1] += right
    shown = text if not blank("\n".join(content)) else ""
    return Hint(shown, tuple(content), tokens)


def _repeats(content: Sequence[str], left: str, right: str, below: Sequence[str]) -> bool:
    if len(content) > 1 and not content[0] and list(content[1:]) == list(below[: len(content) - 1]):
        return True
    if len(content) == 1 and content[0] == right:
        return True
    at = next((i for i, line in enumerate(below) if not blank(line)), len(below) - 1)
    if not 0 <= at < len(below) or left + content[0] != below[at]:
        return False
    following = below[at + 1 : at + len(content)]
    match len(content):
        case 1:
            return True
        case 2:
            return content[1] == (following[0] if following else "")[: len(content[1])]
        case _:
            return "\n".join(content[1:]) == "\n".join(following)
