"""Doubtful changes in the statements of a file: a token that became another, and copies with a slip.

Statements are compared with what they were. What is renamed in all places is not doubtful, and neither is
what moved.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from assist_context.code.trees.parsed_text import ParsedText
from assist_context.code.trees.tokens import is_literal, is_name
from assist_context.code.units import CodeUnit, LineRange, code_units
from assist_context.facts.statement_changes import StatementChange, StatementChangeKind, statement_changes
from assist_context.facts.statement_matches import OPPOSITES, StatementMatches, rename_words, renamed_words
from assist_diffs.remarks.doubtful_expressions import CLOSES

_AROUND = 3  # lines around a change whose statements tell where it is
_FAR = 20  # lines around a closing call that is gone, in which what it closed is used
_TELLING = re.compile(r"\d{3,}|\d+\.\d+")  # a number of which two places of a file may have to have the same
_LONG = 4  # letters of a text of which the same holds
_VALUE = re.compile(r"-?[\d.]|(?:true|false|none|nil|null)$", re.IGNORECASE)
_FARTHEST = 8  # statements between a copy and what it is a copy of
_FEWEST = 3  # places of a copied block that have a name: two were replaced and one was not


@dataclass(frozen=True, slots=True)
class DoubtfulStatement:
    """A doubtful place: the line of the new text and, if there is one, of the old text, from 1, and words."""

    kind: StatementChangeKind | Literal["constant", "copy", "unclosed"]
    line: int
    was: int
    text: str


def doubtful_statements(
    old: ParsedText, new: ParsedText, runs: Sequence[tuple[int, int, int, int]]
) -> Iterator[DoubtfulStatement] | None:
    """Find doubtful statements in the changed lines of two texts, None if too much changed to be compared.

    `runs` are the first and last lines of the old and the new text; the last is less for none.
    """
    path = new.document.path
    before = {path: code_units(old, _widen(run[:2] for run in runs))}
    after = {path: code_units(new, _widen(run[2:] for run in runs))}
    matches = StatementMatches(before, after)
    if matches.too_much:
        return None
    matches = StatementMatches(rename_words(before, renamed_words(matches)), after)
    return _doubtful(old, new, matches)


def _widen(spans: Iterable[LineRange]) -> list[LineRange]:
    """The lines with some around them, which tell where something was."""
    return [(min(span) - _AROUND, max(span) + _AROUND) for span in spans]


def _doubtful(old: ParsedText, new: ParsedText, matches: StatementMatches) -> Iterator[DoubtfulStatement]:
    for was, now in matches.pairs:
        for change in statement_changes(was, now):
            kind, text = change.kind, change.text
            if kind == "call" or (kind == "operator" and change.new == ("=",)):
                continue
            if kind == "leave" and _leaves_near(change, matches.fresh):
                continue
            turned = {"".join(change.old), "".join(change.new)} in OPPOSITES or kind == "negation"
            if (turned or kind == "condition" or not change.alone) and not matches.goes_on(was, now):
                continue
            if kind == "condition" and _is_asked(change, matches.fresh):
                continue
            if kind == "literal" and change.alone and (others := _left_literals(old, new, change)):
                yield DoubtfulStatement(
                    "constant", change.line, was.line, f"{text}, and line {others[0]} still has it"
                )
            else:
                yield DoubtfulStatement(kind, change.line, _old_line(was, change), text)
    yield from _lost_closings(old, new, matches)
    fresh = {unit.place for unit in matches.fresh}
    yield from _slips(matches.new[new.document.path], fresh)


def _is_asked(change: StatementChange, fresh: Sequence[CodeUnit]) -> bool:
    """Say whether a new statement has all names of a part of a condition that is gone."""
    names = {word for word in change.old if word.isidentifier()} - {"and", "or", "not", "is", "in"}
    return bool(names) and any(names <= set(unit.words) for unit in fresh)


def _lost_closings(
    old: ParsedText, new: ParsedText, matches: StatementMatches
) -> Iterator[DoubtfulStatement]:
    """Calls that closed something, and are gone without a new statement in their place, though it is used."""
    for gone in matches.gone:
        closing = gone.calls[-1] if gone.calls else ""
        at = gone.words.index(closing) if closing in CLOSES else 0
        before, after = matches.around(gone)
        near = before or after
        if at < 2 or near is None or matches.between(gone) != []:
            continue
        around = "".join(new.document.lines[max(0, near.line - _FAR) : near.line + _FAR])
        if re.search(rf"\b{re.escape(gone.words[at - 2])}\b", around):
            text = f"`{' '.join(old.document.lines[gone.line - 1].split())}` is gone"
            yield DoubtfulStatement("unclosed", near.line, gone.line, text)


def _leaves_near(change: StatementChange, fresh: Sequence[CodeUnit]) -> bool:
    """Say whether a statement that no longer leaves has a new one near it that does."""
    near = [unit.words[0] for unit in fresh if abs(unit.line - change.line) <= _AROUND]
    return change.old[0] != "await" and change.old[0] in near


def _old_line(was: CodeUnit, change: StatementChange) -> int:
    """The line of the old text that has what changed."""
    wanted = change.old[0] if change.old else ""
    return next((line for word, line in zip(was.words, was.lines, strict=True) if word == wanted), was.line)


def _left_literals(old: ParsedText, new: ParsedText, change: StatementChange) -> list[int]:
    """The other lines that still have a number or text which was changed."""
    word, now = change.old[0].strip('"'), change.new[0].strip('"')
    is_text = not _VALUE.match(word)
    if not (
        len(word) >= _LONG and now not in "".join(old.document.lines) if is_text else _TELLING.fullmatch(word)
    ):
        return []
    bare = re.escape(word)
    whole = re.compile(rf"""["'`]{bare}["'`]""" if is_text else rf"(?<![\w.]){bare}(?![\w.])")
    if sum(bool(whole.search(line)) for line in old.document.lines) < 2:
        return []  # the line only moved
    return [at for at, line in enumerate(new.document.lines, 1) if whole.search(line) and at != change.line]


def _slips(units: Sequence[CodeUnit], fresh: set[int]) -> Iterator[DoubtfulStatement]:
    """Names that a new block has from the one it is a copy of, where all others were replaced."""
    shapes = [_shape(unit) for unit in units]
    for distance in range(1, _FARTHEST + 1):
        run = list[int]()
        for at in range(distance, len(units) + 1):
            is_copy = at < len(units) and shapes[at] == shapes[at - distance]
            if is_copy and len(run) < distance:
                run.append(at)
                continue
            if run and fresh.issuperset(run):
                yield from _find_slips([(units[place - distance], units[place]) for place in run])
            run = [at] if is_copy else []


def _shape(unit: CodeUnit) -> tuple[str, ...]:
    """A statement without its names and literals."""
    rows = zip(unit.words, unit.types, strict=True)
    return (unit.type, *("" if is_name(kind) or is_literal(kind) else word for word, kind in rows))


def _find_slips(block: Sequence[tuple[CodeUnit, CodeUnit]]) -> Iterator[DoubtfulStatement]:
    became: dict[str, list[tuple[str, int, int]]] = {}
    for was, now in block:
        for word, new, kind, at, line in zip(
            was.words, now.words, was.types, was.lines, now.lines, strict=True
        ):
            if is_name(kind):
                became.setdefault(word, []).append((new, at, line))
    for name, rows in became.items():
        counts = Counter(new for new, _, _ in rows)
        others = [new for new in counts if new != name]
        if counts[name] == 1 and len(others) == 1 and counts[others[0]] >= _FEWEST - 1:
            at, line = next((at, line) for new, at, line in rows if new == name)
            text = f"a copy of line {at} has `{others[0]}` in {counts[others[0]]} places, but `{name}` here"
            yield DoubtfulStatement("copy", line, 0, text)
