"""From the edits of a session and the lines around a place to the prompt that asks for the next edit.

A model answers with these lines as they should become. How each family is asked is data, in
next_edit_layouts.toml. Marks command the model only where a layout has them: all that people wrote is plain
text. This module knows no model and no cache, and not whether an answer is any good.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from assist_completion.errors import CompletionError
from assist_completion.prompt.numbered_markers import marker, replace_marked, with_markers
from assist_context.documents import Cursor

LINES = 21  # of a window: ten above a place and ten below, as the models of Sweep were trained
AROUND = 20  # lines above and below a window that a layout may show
HISTORY = 1_000  # characters of edits in a prompt: about 300 tokens, which take a second on two cores


@dataclass(frozen=True, slots=True)
class PastEdit:
    """Whole lines of a file, with their line ends, that became others. `line` is the first one, from 0."""

    path: str
    line: int
    old: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class EditWindow:
    """The lines of a file that may change, from `line` on (from 0), with their line ends.

    `edits` are the last edits of the session, oldest first. `above` and `below` are lines around the window.
    `cursor` is a position in the file. Raises `CompletionError` if there are more than `LINES` lines.
    """

    path: str
    line: int
    lines: tuple[str, ...]
    edits: tuple[PastEdit, ...] = ()
    above: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    cursor: Cursor | None = None

    def __post_init__(self) -> None:
        if len(self.lines) > LINES:
            raise CompletionError(f"a window of {len(self.lines)} lines: {LINES} at most are rewritten")

    @property
    def text(self) -> str:
        return "".join(self.lines)


@dataclass(frozen=True, slots=True)
class NextEditLayout:
    """How a family of models is asked: templates, as next_edit_layouts.toml explains them."""

    marks: tuple[str, ...]
    start: str
    history: str
    edit: str
    history_end: str
    window: str
    answer: str
    numbered: bool
    ends: bool


@dataclass(frozen=True, slots=True)
class PromptPart:
    """A piece of a prompt: plain text, or a mark that commands the model."""

    text: str
    is_mark: bool = False


@cache
def layouts() -> Mapping[str, NextEditLayout]:
    """Every layout by its name."""
    text = resources.files("assist_completion.prompt").joinpath("next_edit_layouts.toml").read_text("utf-8")
    tables = tomllib.loads(text)
    return {
        name: NextEditLayout(**{**table, "marks": tuple(table["marks"])}) for name, table in tables.items()
    }


def window_around(
    path: str,
    lines: Sequence[str],
    place: Cursor,
    edits: tuple[PastEdit, ...] = (),
    reach: int = LINES // 2,
) -> EditWindow:
    r"""The lines around a place of a file, `reach` lines in each direction.

    >>> window_around("a.py", ["a\n", "b\n", "c\n"], Cursor(1, 0), reach=0).lines
    ('b\n',)
    """
    first = max(0, place.line - reach)
    last = min(len(lines), place.line + reach + 1)
    return EditWindow(
        path,
        first,
        tuple(lines[first:last]),
        edits,
        tuple(lines[max(0, first - AROUND) : first]),
        tuple(lines[last : last + AROUND]),
        place,
    )


def lay_out(layout: NextEditLayout, window: EditWindow) -> tuple[PromptPart, ...]:
    """The prompt that asks for a window's next text, up to where the answer begins."""
    edits = [_fill(layout, layout.edit, _edit_fields(edit)) for edit in _recent_edits(window.edits)]
    fields = _window_fields(window)
    history = [_fill(layout, layout.history, fields), *edits, _fill(layout, layout.history_end, fields)]
    pieces = [
        _fill(layout, layout.start, fields),
        *(history if edits else ()),
        _fill(layout, layout.window, fields),
    ]
    return tuple(_join(part for piece in pieces for part in piece))


def prompt_tokens(parts: Sequence[PromptPart], tokenize: Callable[..., list[int]]) -> list[int]:
    """The tokens of a prompt. `tokenize` takes a text and `special`, as `llama.Llama.tokenize` does."""
    return [token for part in parts for token in tokenize(part.text, special=part.is_mark)]


def unchanged_answer(layout: NextEditLayout, window: EditWindow) -> str:
    """What the model would answer if nothing had to change."""
    return layout.answer.format(**_window_fields(window))


def answer_until(layout: NextEditLayout, window: EditWindow, line: int, text: str) -> str:
    """An answer that leaves all as it is up to a line of the file, and has another text there."""
    above = "".join(window.lines[: line - window.line])
    beginning = marker(1) if layout.numbered else layout.answer.partition("{")[0]
    return beginning + _plain(above + text)


def last_lines(layout: NextEditLayout, window: EditWindow) -> str:
    r"""How an answer ends that has come to the end of the window; "" if the model says so itself.

    These are the fewest last lines that are in the window only once.

    >>> last_lines(layouts()["qwen"], EditWindow("a.c", 0, ("f();\n", "}\n", "g();\n", "}\n", "\n")))
    '\ng();\n}\n'
    """
    lines = _plain(window.text).rstrip("\n").split("\n")
    if layout.ends or not lines[-1].strip():
        return ""
    whole = "\n" + "\n".join(lines) + "\n"
    tails = ("\n" + "\n".join(lines[at:]) + "\n" for at in range(len(lines) - 1, -1, -1))
    return next(tail for tail in tails if whole.count(tail) == 1)


def read_answer(layout: NextEditLayout, window: EditWindow, answer: str) -> str | None:
    """The new text of the window, with its line ends; None if the answer does not fit the window."""
    old = _without_end(window.text)
    if layout.numbered:
        new = replace_marked(old, answer)
        if new is None:
            return None
    else:
        new = answer.removeprefix("\n").removesuffix("\n")
    if not layout.ends:  # how many empty lines follow was not asked
        new = new.rstrip("\n") + old[len(old.rstrip("\n")) :]
    if window.text.endswith(("\n", "\r")):
        new += "\n"
    return new.replace("\n", "\r\n") if "\r\n" in window.text else new


def text_before(window: EditWindow) -> str:
    """The window as it was before the last edit, if that was here."""
    edit = window.edits[-1] if window.edits else None
    at = edit.line - window.line if edit is not None else 0
    if edit is None or edit.path != window.path or at < 0:
        return window.text
    end = at + len(edit.new)
    if window.lines[at:end] != edit.new:
        return window.text
    return "".join((*window.lines[:at], *edit.old, *window.lines[end:]))


def _recent_edits(edits: Sequence[PastEdit]) -> list[PastEdit]:
    """The last edits that fit a prompt, oldest first."""
    room = HISTORY
    recent: list[PastEdit] = []
    for edit in reversed(edits):
        room -= sum(map(len, (*edit.old, *edit.new)))
        if room < 0:
            break
        recent.append(edit)
    return recent[::-1]


def _edit_fields(edit: PastEdit) -> Mapping[str, str]:
    old, new = (_without_end("".join(lines)) for lines in (edit.old, edit.new))
    minus, plus = (
        [f"{sign}{_without_end(line)}\n" for line in lines]
        for sign, lines in (("-", edit.old), ("+", edit.new))
    )
    head = f"@@ -{edit.line + 1},{len(minus)} +{edit.line + 1},{len(plus)} @@\n"
    return {"path": edit.path, "old": old, "new": new, "diff": head + "".join((*minus, *plus))}


def _window_fields(window: EditWindow) -> Mapping[str, str]:
    text = _without_end(window.text)
    below = _without_end("".join(window.below))
    return {
        "path": window.path,
        "text": text,
        "before": _without_end(text_before(window)),
        "numbered": with_markers(text),
        "numbered_at_cursor": with_markers(text, _offset(window)),
        "above": _plain("".join(window.above)),
        "below": f"\n{below}" if below else "",
    }


def _offset(window: EditWindow) -> int:
    """Where the cursor is in the window's plain text; at its start if it is elsewhere."""
    cursor = window.cursor
    if cursor is None or not 0 <= cursor.line - window.line < len(window.lines):
        return 0
    at = cursor.line - window.line
    line = window.lines[at].rstrip("\r\n")
    return len(_plain("".join(window.lines[:at]))) + min(cursor.column, len(line))


def _fill(layout: NextEditLayout, template: str, fields: Mapping[str, str]) -> list[PromptPart]:
    """A template with its fields. It is divided at its marks first, so that none in a field is one."""
    marks = "|".join(map(re.escape, layout.marks))
    return [
        PromptPart(piece if at % 2 else piece.format(**fields), is_mark=bool(at % 2))
        for at, piece in enumerate(re.split(f"({marks})", template))
    ]


def _join(parts: Iterator[PromptPart]) -> Iterator[PromptPart]:
    """Texts that follow each other as one, since a token may reach over the border."""
    text = ""
    for part in parts:
        if not part.is_mark:
            text += part.text
            continue
        if text:
            yield PromptPart(text)
        text = ""
        yield part
    if text:
        yield PromptPart(text)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _without_end(text: str) -> str:
    return _plain(text).removesuffix("\n")
