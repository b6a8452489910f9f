"""Statements of an edit that change what code does, though the request does not ask for it.

A statement is turned if it is otherwise the same and has another operator, literal or called function, or a
negation, a call or a `return` less; or if it is gone, and nothing new is in its place. What was rewritten
has no old statement to be compared with, and may hold any fault; no reader of syntax can tell.

Of 900 faults planted into 178 commits that were read and keep what the code does, 85 % are told, and 9 % of
these commits (`benchmarks/operator_changes.py FOLDER --seeds 3`; of 27 that were drawn afterwards, 11 %).
Not seen are arguments and names that became others, exchanged branches, and an `else` or a loop that is gone.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from assist_context.code.trees.tokens import is_literal, is_name
from assist_context.code.units import CodeUnit, list_units
from assist_context.documents import split_lines
from assist_context.facts.statement_changes import (
    LEAVES,
    MAX_STEPS,
    StatementChange,
    plain_token,
    statement_changes,
)
from assist_context.facts.statement_matches import (
    OPPOSITES,
    StatementMatches,
    TokenStep,
    rename_words,
    renamed_words,
    token_steps,
)
from assist_context.languages import language_of

_DATA = frozenset({"json", "yaml", "toml", "css", "html", "markdown", "shellscript"})
_MAX_OF_CALL = 8  # tokens of what is called
_HEAD = re.compile(r"if|elif|else|for|while|func|method|class|decorat|try|switch|match")
_DEFINITION = re.compile(r"func|method|class|decorat|impl")
_NUMBER_OR_NAME = re.compile(r'"?[\w.-]{1,20}"?')  # longer texts are messages
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class EditedText:
    """A file before and after an edit."""

    path: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class TurnedStatement:
    """A changed statement, in words; the line is one of the new text, from 1."""

    path: str
    line: int
    text: str


def operator_changes(texts: Sequence[EditedText], wish: str = "") -> tuple[TurnedStatement, ...]:
    """Return what an edit turned and its wish does not name, by path and line.

    >>> operator_changes([EditedText("a.py", "f(x in y)\\n", "f(x not in y)\\n")])
    (TurnedStatement(path='a.py', line=1, text='`in` became `not in`'),)
    """
    units = [text for text in texts if text.before != text.after and language_of(text.path).name not in _DATA]
    old = {text.path: list_units(text.path, text.before) for text in units}
    new = {text.path: list_units(text.path, text.after) for text in units}
    names = renamed_words(StatementMatches(old, new))
    lines = {text.path: split_lines(text.before) for text in units}
    changes_found = _Judgement(StatementMatches(rename_words(old, names), new), lines, wish).changes()
    return tuple(sorted(set(changes_found), key=lambda one: (one.path, one.line, one.text)))


class _Judgement:
    """The judgement of matched statements, with the words of both sides."""

    def __init__(self, matches: StatementMatches, lines: Mapping[str, Sequence[str]], wish: str) -> None:
        self._matches = matches
        self._lines = lines  # of the old texts
        self._wish = wish
        self._old, self._new = (
            {word for units in side.values() for unit in units for word in unit.words}
            for side in (matches.old, matches.new)
        )
        self._defined, self._defines = (
            {
                name
                for units in side.values()
                for unit in units
                if _DEFINITION.match(unit.type)
                for name in unit.calls
            }
            for side in (matches.old, matches.new)
        )
        self._gained = Counter(word for unit in matches.fresh for word in unit.words)
        for was, now in matches.pairs:
            self._gained += Counter(now.words) - Counter(was.words)
        changes = [*matches.gone, *(was for was, _ in matches.pairs)]
        literals = {
            w for unit in changes for w, kind in zip(unit.words, unit.types, strict=True) if is_literal(kind)
        }
        self._lost_literals = {word.startswith('"') for word in literals - self._new}

    def changes(self) -> Iterator[TurnedStatement]:
        """All that is turned; of too much, that it is not compared."""
        changes_found = self._matches
        if changes_found.too_much:
            unit = changes_found.fresh[0]
            yield TurnedStatement(unit.path, unit.line, "too much changed to be compared")
            return
        for was, now in changes_found.pairs:
            notes = [
                (change.line, change.text)
                for change in statement_changes(was, now)
                if self._is_turned(was, now, change)
            ]
            at, words = self._lost_call(was, token_steps(was, now))
            notes += [(now.lines[min(at, len(now.lines) - 1)], words)] if words else []
            for line, words in notes:
                yield TurnedStatement(now.path, line, words)
            if not notes:
                yield from self._new_literals(now)
        for gone in changes_found.gone:
            if words := self._loss(gone):
                before, after = changes_found.around(gone)
                near = before or after
                yield TurnedStatement(gone.path, near.line if near else 1, words)
        for fresh in changes_found.fresh:
            yield from self._new_literals(fresh)

    def _is_turned(self, was: CodeUnit, now: CodeUnit, change: StatementChange) -> bool:
        """Return whether a change of a statement is neither wished nor explained by what is around it."""
        old, new = "".join(change.old), "".join(change.new)
        match change.kind:
            case "operator":
                return {old, new} not in OPPOSITES or self._matches.goes_on(was, now)
            case "negation":
                return self._matches.goes_on(was, now)
            case "literal":
                return not self._is_said(old, new)
            case "call":
                return new not in self._defines - self._defined and not self._is_named(old, new)
            case "condition":
                return False  # it may be asked somewhere else now
            case _:
                return True

    def _lost_call(self, was: CodeUnit, steps: Sequence[TokenStep]) -> tuple[int, str]:
        """The call that is gone, where its argument is not; nothing else may be in its place."""
        if len(steps) > MAX_STEPS or any(step[0] < step[1] and step[2] < step[3] for step in steps):
            return 0, ""
        for first, last, start, end in steps:
            gone = was.words[first:last] if start == end else ()
            if 1 < len(gone) <= _MAX_OF_CALL and gone[-1] == "(" and is_name(was.types[last - 2]):
                name = gone[-2]
                is_explained = self._gained[name] or (name in self._defined and name not in self._new)
                return start, "" if is_explained else f"the call of `{name}` is gone"
        return 0, ""

    def _loss(self, gone: CodeUnit) -> str:
        """Return why it matters that a statement is gone, "" if it does not."""
        does = gone.words[0] in LEAVES or gone.calls or gone.target
        if not does or _HEAD.match(gone.type) or self._matches.between(gone) != []:
            return ""
        if self._is_of_gone_function(gone) or self._is_elsewhere(gone) or self._is_without_use(gone):
            return ""
        return f"`{plain_token(self._lines[gone.path][gone.line - 1].strip())}` is gone"

    def _is_of_gone_function(self, gone: CodeUnit) -> bool:
        """Return whether its function is gone as well; the last `return` of one needs not be written."""
        units = self._matches.old[gone.path]
        heads = (units[at] for at in range(gone.place, -1, -1) if _DEFINITION.match(units[at].type))
        head = next(heads, None)
        following = units[gone.place + 1 : gone.place + 2]
        is_last = not following or bool(_DEFINITION.match(following[0].type))
        return (head is not None and self._matches.now(head) is None) or (
            gone.words == ("return",) and is_last
        )

    def _is_elsewhere(self, gone: CodeUnit) -> bool:
        """Return whether the same is done in another place now."""
        if gone.key in self._matches.moved:
            return True
        if target := gone.target:
            size = len(target)
            others = [now for was, now in self._matches.pairs if was.words[:size] != target]
            return any(unit.words[:size] == target for unit in (*self._matches.fresh, *others))
        leave = [word for word in gone.words[:1] if word in LEAVES]
        return all(self._gained[word] for word in (*leave, *gone.calls))

    def _is_without_use(self, gone: CodeUnit) -> bool:
        """Return whether what it uses is gone from all files as well."""
        if gone.target:
            ends = (at for at in range(0, len(gone.target), 2) if gone.target[at + 1 : at + 2] != (".",))
            field = gone.target[next(ends)]
            return field not in self._new and self._is_read(field)
        names = {word for word, kind in zip(gone.words, gone.types, strict=True) if is_name(kind)}
        names_lost = names - self._new
        return bool(names_lost - {*gone.calls}) or bool(names_lost & self._defined)

    def _is_read(self, field: str) -> bool:
        """Return whether the old texts have a field elsewhere than where it gets a value."""
        units = (unit for units in self._matches.old.values() for unit in units)
        return any(field in unit.words and field not in unit.target for unit in units)

    def _new_literals(self, unit: CodeUnit) -> Iterator[TurnedStatement]:
        """Numbers and short texts that are not in the old text, where one like it is not in the new."""
        for word, kind, line in zip(unit.words, unit.types, unit.lines, strict=True):
            is_new = is_literal(kind) and _NUMBER_OR_NAME.fullmatch(word) and word not in self._old
            if is_new and word.startswith('"') in self._lost_literals and not self._is_named(word.strip('"')):
                yield TurnedStatement(unit.path, line, f"`{plain_token(word)}` is new")

    def _is_named(self, *names: str) -> bool:
        return any(re.search(rf"\b{re.escape(name)}\b", self._wish) for name in names)

    def _is_said(self, old: str, new: str) -> bool:
        """Return whether the wish has all words by which two literals differ."""
        words = {*_WORD.findall(old.lower())} ^ {*_WORD.findall(new.lower())}
        return bool(words) and words <= {*_WORD.findall(self._wish.lower())}
