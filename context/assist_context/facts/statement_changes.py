"""Changes within a statement that is otherwise the same, in words: by its tokens, in any language.

Whether that was meant is for others: `operator_changes` knows a wish, `diff_facts` a diff.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from assist_context.code.trees.tokens import is_literal, is_name
from assist_context.code.units import CodeUnit
from assist_context.facts.statement_matches import TokenStep, token_steps

# "offset" is `+ 1` or `- 1`, "condition" a part of one, "leave" a word as `return`, "call" another function,
# "swallowed" an error that is no longer looked at.
StatementChangeKind = Literal[
    "operator", "negation", "literal", "offset", "condition", "leave", "call", "swallowed"
]

MAX_STEPS = 2  # changed places of a statement; one with more is another statement
OPERATORS = frozenset((
    "and", "or", "&&", "||", "??", "in", "not-in", "is", "is-not",
    "<", "<=", ">", ">=", "==", "!=", "===", "!==",
    "+", "-", "*", "/", "//", "%", "**", "@", "&", "|", "^", "<<", ">>", "++", "--", "..", "..=",
    "=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "&&=", "||=", "??=",
))  # fmt: skip
LEAVES = frozenset({"return", "raise", "throw", "break", "continue", "await", "yield", "panic"})
_NEGATIONS = frozenset({"not", "!"})
_CONNECTIVES = frozenset({"and", "or", "&&", "||"})
_STEPS = frozenset({"++", "--"})  # `++i` may be written `i + 1`
_OFFSETS = frozenset({("+", "1"), ("-", "1")})
_MAX_OF_CONDITION = 16  # tokens of a part that is gone; without more, it is another condition
_LONGEST = 60  # characters of a token as it is told
_WORDS = {"true": True, "false": False, "none": None, "nil": None, "null": None}  # by their small letters
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class StatementChange:
    """One changed place: the line of the new text, from 1, the tokens there before and now, and words."""

    kind: StatementChangeKind
    line: int
    old: tuple[str, ...]
    new: tuple[str, ...]
    text: str
    alone: bool = True  # nothing else of the statement changed


def statement_changes(was: CodeUnit, now: CodeUnit) -> Iterator[StatementChange]:
    """Yield what changed in a statement; nothing if it changed in more than `MAX_STEPS` places.

    >>> from assist_context.code.units import list_units
    >>> old, new = (list_units("a.py", text)[0] for text in ("f(x - 1)", "f(x)"))
    >>> [(change.kind, change.text) for change in statement_changes(old, new)]
    [('offset', '`- 1` is gone')]
    """
    steps = token_steps(was, now)
    for step in steps if len(steps) <= MAX_STEPS else ():
        first, last, start, end = step
        old, new = was.words[first:last], now.words[start:end]
        kind, text = _judge(was, now, step)
        if kind:
            line = now.lines[min(start, len(now.lines) - 1)]
            yield StatementChange(kind, line, old, new, text, len(steps) == 1)


def _judge(was: CodeUnit, now: CodeUnit, step: TokenStep) -> tuple[StatementChangeKind | None, str]:
    first, last, start, end = step
    old, new = was.words[first:last], now.words[start:end]
    if len(old) == len(new) == 1:
        return _replaced_kind(
            was, now, first, start
        ), f"`{plain_token(old[0])}` became `{plain_token(new[0])}`"
    some = tuple(word for word in (*old, *new) if word not in "(.")
    if (old and new) or not some:
        return None, ""
    words_shown = shown_words((*old, *new))
    if _NEGATIONS.issuperset(some):
        return "negation", f"a negation {'is gone' if old else 'was added'}: `{some[0]}`"
    if some in _OFFSETS and not _STEPS.intersection(was.words):
        return "offset", f"`{words_shown}` is {'gone' if old else 'new'}"
    return _lost_kind(some, was.path) if old else None, f"`{words_shown}` is gone"


def _lost_kind(words: tuple[str, ...], path: str) -> StatementChangeKind | None:
    """Return what it means that some words are gone, and no other ones are in their place."""
    if _CONNECTIVES & {words[0], words[-1]}:
        return "condition" if len(words) <= _MAX_OF_CONDITION else None
    if len(words) == 1 and words[0] in LEAVES:
        return "leave"
    is_error = (words == ("?",) and path.endswith(".rs")) or words[-2:] == ("err", "=")
    return "swallowed" if is_error else None


def _replaced_kind(was: CodeUnit, now: CodeUnit, at: int, to: int) -> StatementChangeKind | None:
    """Return what it means that one token became another one."""
    old, new = was.words[at], now.words[to]
    kinds = (was.types[at], now.types[to])
    if old in OPERATORS and new in OPERATORS:
        return "operator"
    if old == "err" and (new == "_" or (new in ("nil", "null") and was.words[0] == "return")):
        return "swallowed"
    if all(map(is_literal, kinds)):
        values = [_value(old), _value(new)]
        is_same_type = type(values[0]) is type(values[1]) and old.startswith('"') == new.startswith('"')
        return "literal" if is_same_type and values[0] != values[1] else None
    if all(map(is_name, kinds)):
        is_call = (*was.words[at + 1 : at + 2], *now.words[to + 1 : to + 2]) == ("(", "(")
        return "call" if is_call else None
    return "leave" if old in LEAVES and new in LEAVES else None


def _value(word: str) -> str | float | bool | None:
    """Return what a literal is: `3600` and `3600.0` are one."""
    try:
        return float(word)
    except ValueError:
        return _WORDS.get(word.lower(), word)


def shown_words(words: Sequence[str]) -> str:
    """Tokens as they are told, with spaces and brackets as code has them.

    >>> shown_words(("and", "f", "(", "a", ".", "b"))
    'and f(a.b)'
    """
    last = [f" {word}" for word in words[-1:] if word in _CONNECTIVES]
    words_text = " ".join(map(plain_token, words[: len(words) - len(last)]))
    text = re.sub(r"(?<=\w) ?([(.]) ?", r"\1", words_text)
    return plain_token("".join((text, ")" * text.count("("), *last)))


def plain_token(token: str) -> str:
    """A token as it is told: on one line, not too long."""
    return token.replace("-", " ") if token in {"not-in", "is-not"} else _SPACES.sub(" ", token)[:_LONGEST]
