"""Doubtful places in changed expressions, by their trees: operands and arguments that changed places, errors
that nothing handles any more, and what is opened and never closed though its siblings are.

An expression is compared with the former ones of its lines. Arguments are also judged by the names of the
parameters, which a caller of this module knows.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from assist_context.code.expressions import ErrorHandler, Expressions, find_expressions
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.code.units import LineRange

DoubtfulKind = Literal["operands", "arguments", "swallowed", "unclosed"]
ParameterNames = Callable[[str], Sequence[str] | None]  # by the name of a function; None if it is not known

_TABLE = tomllib.loads((files(__package__) / "doubtful_expressions.toml").read_text(encoding="utf-8"))
_ORDERED = frozenset(_TABLE["ordered"].split())
_QUIET = frozenset(_TABLE["quiet"].split())
_PAIRS: Mapping[str, list[str]] = {opened: closed.split() for opened, closed in _TABLE["pairs"].items()}
CLOSES = frozenset(word for closed in _PAIRS.values() for word in closed)
_NAME = re.compile(r"(?:\w+(?:\.|->|::))*(\w+)")
_CALLED = re.compile(r"\b(\w+)\(")
_CATCHES_ALL = re.compile(r"catch(?: \(\w+\))?|except(?: (?:Base)?Exception)?(?: as \w+)?")
_EMPTY = re.compile(r"(?:async )?(?:\(\w*\)|\w+) => (?:\{\}|undefined|null)|function ?\(\w*\) ?\{\}")
_MAX_LOOKED_UP = 20  # functions of a diff whose parameters are looked up


@dataclass(frozen=True, slots=True)
class DoubtfulExpression:
    """A doubtful place: the line of the new text and, if there is one, of the old text, from 1, and words."""

    kind: DoubtfulKind
    line: int
    was: int
    text: str


def doubtful_expressions(
    old: ParsedText, new: ParsedText, runs: Sequence[tuple[int, int, int, int]], names: ParameterNames
) -> Iterator[DoubtfulExpression]:
    """Find doubtful expressions in the changed lines of two texts.

    `runs` are the first and last lines of the old and the new text; the last is less for none.
    """
    before, after = (
        find_expressions(
            parsed, [one for one in lines if one[0] <= one[1]], [(min(one), max(one)) for one in lines]
        )
        for parsed, lines in ((old, [run[:2] for run in runs]), (new, [run[2:] for run in runs]))
    )
    yield from _exchanged_operands(before, after)
    yield from _exchanged_arguments(before, after, names)
    yield from _quiet_handlers(before, after)


def _exchanged_operands(before: Expressions, after: Expressions) -> Iterator[DoubtfulExpression]:
    for (sign, left, right), lines in after.operations.items():
        other = (sign, right, left)
        was = before.operations.get(other, ())
        is_new = len(lines) > len(before.operations.get((sign, left, right), ()))
        if sign in _ORDERED and is_new and len(was) > len(after.operations.get(other, ())):
            text = f"the operands of `{sign}` changed places: `{right[:40]} {sign} {left[:40]}` before"
            yield DoubtfulExpression("operands", lines[0], was[0], text)


def _exchanged_arguments(
    before: Expressions, after: Expressions, names: ParameterNames
) -> Iterator[DoubtfulExpression]:
    """Calls with arguments in another order than before, or in another one than the parameters' names."""
    known: dict[str, Sequence[str] | None] = {}
    orders = {(called, *sorted(values)): (values, was[0]) for (called, values), was in before.calls.items()}
    for (called, values), lines in after.calls.items():
        line = lines[0]
        if len(values) < 2 or (called, values) in before.calls:
            continue
        name = called.rpartition(".")[2].rpartition("::")[2]
        others, was = orders.get((called, *sorted(values)), ((), 0))
        if others and len(before.calls[called, others]) > len(after.calls.get((called, others), ())):
            first, second = [value for value, other in zip(values, others, strict=True) if value != other][:2]
            text = f"`{first[:40]}` and `{second[:40]}` changed places in the call of {name}"
            yield DoubtfulExpression("arguments", line, was, text)
            continue
        own = [_last_word(value) for value in values]
        if sum(map(bool, own)) < 2 or (name not in known and len(known) >= _MAX_LOOKED_UP):
            continue
        if name not in known:
            known[name] = names(name)
        parameters = known[name] or ()
        asked = [re.sub(r"[_\W]", "", parameter.lower()) for parameter in parameters][: len(own)]
        for at, one in enumerate(own[: len(asked)]):
            to = asked.index(one) if one in asked else at
            if at < to < len(own) and own[to] == asked[at] != one:
                passed = [f"`{values[place]}` as `{parameters[place]}`" for place in (at, to)]
                text = f"{name} gets {passed[0]} and {passed[1]}"
                yield DoubtfulExpression("arguments", line, 0, text)


def _last_word(value: str) -> str:
    """Return the name that an argument ends with, without signs and capitals, "" if it is not a name."""
    found = _NAME.fullmatch(value.lstrip("&*"))
    return found[1].replace("_", "").lower() if found else ""


def _quiet_handlers(before: Expressions, after: Expressions) -> Iterator[DoubtfulExpression]:
    """Handlers that do nothing, or only log, and did more before; new ones that drop every error."""
    for handler in after.handlers:
        if not _is_quiet(handler) or "finally" in handler.head:
            continue
        same = [other for other in before.handlers if other.head == handler.head]
        if any(map(_is_quiet, same)):
            continue
        if same:
            text = f"`{handler.head}` no longer handles the error"
            yield DoubtfulExpression("swallowed", handler.line, same[0].line, text)
        elif _CATCHES_ALL.fullmatch(handler.head) and all(text in ("pass", "...") for text in handler.body):
            yield DoubtfulExpression("swallowed", handler.line, 0, f"`{handler.head}` drops every error")
    for (called, values), lines in after.calls.items():
        is_empty = called.endswith(".catch") and len(values) == 1 and _EMPTY.fullmatch(values[0])
        if is_empty and (called, values) not in before.calls:
            yield DoubtfulExpression(
                "swallowed", lines[0], 0, "`catch` with an empty function drops every error"
            )


def _is_quiet(handler: ErrorHandler) -> bool:
    """Say whether a handler only logs an error, or does nothing."""
    words = [re.findall(r"\w+", text.partition("(")[0]) for text in handler.body]
    return all(_QUIET.intersection(row) for row in words if row != ["pass"])


def left_open(
    old: ParsedText, new: ParsedText, functions: Sequence[tuple[LineRange | None, LineRange]]
) -> Iterator[DoubtfulExpression]:
    """Find things that changed functions open and never close, though a block or the rest of the file does.

    Each function is its lines before, None for a new one, and now. What a call closed is looked for among the
    statements that are gone.
    """
    for was, (first, last) in functions:
        whole = new.document.lines
        body = whole[first - 1 : last]
        others = [*whole[: first - 1], *whole[last:]]
        before = old.document.lines[was[0] - 1 : was[1]] if was else ()
        earlier = _openings(before)
        for opened, at in _openings(body).items():
            if not _is_left(body, opened):
                continue
            line = was[0] + earlier[opened] if was and opened in earlier else 0
            if line and not _is_left(before, opened) and not _is_closed(before, opened):
                said = f"the result of `{opened}` is no longer closed"
                yield DoubtfulExpression("unclosed", first + at, line, said)
            elif not line and opened in _openings(others) and not _is_left(others, opened):
                said = f"the result of `{opened}` is not closed here, but is closed elsewhere in this file"
                yield DoubtfulExpression("unclosed", first + at, 0, said)


def _openings(lines: Sequence[str]) -> dict[str, int]:
    """The words of these lines that open something, each with the place of the first line."""
    found: dict[str, int] = {}
    for at, line in enumerate(lines):
        for word in _CALLED.findall(line):
            if word in _PAIRS and not re.match(r"\s*(?:#|//|\*|def |func |fn )", line):
                found.setdefault(word, at)
    return found


def _is_closed(lines: Sequence[str], opened: str) -> bool:
    """Say whether a line has a word that closes what another word opens."""
    closes = re.compile(rf"\b(?:{'|'.join(_PAIRS[opened])})\b")
    return any(map(closes.search, lines))


def _is_left(lines: Sequence[str], opened: str) -> bool:
    """Say whether a word opens something in these lines that none of them closes, keeps or gives away."""
    opens = re.compile(rf"\b{opened}\(")
    kept = re.compile(rf"\b(?:with|using|try|return|yield)\b.*\b{opened}\(|[\w)\]]\.\w+ :?= .*\b{opened}\(")
    left = (line for line in lines if opens.search(line) and not kept.search(line))
    return any(left) and not _is_closed(lines, opened)
