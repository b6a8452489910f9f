"""Operators, negations and literals that changed in a line which is otherwise the same.

Lines are compared one by one where as many were added as removed, else a hunk as a whole. What takes long to
compare is another text, and has no such facts.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import chain
from typing import Literal

from assist_context.syntax.scopes.parsed_text import ParsedText
from assist_context.syntax.scopes.tokens import CodeToken, is_literal, tokens_in

ReplacedRun = tuple[int, int, int, int]  # replaced lines, first and last of both texts; last < first for none
_CompareStep = tuple[str, int, int, int, int]

# Pairs of tokens that are compared, without equal ones around them. With equal tokens the work grows with the
# third power: 50 of each take up to 50 ms.
_MOST_PAIRS = 2_500
_NEAR = 2  # equal tokens on each side of a change that say it is the same expression
_SPACES = re.compile(r"\s+")
OPERATORS = frozenset((
    "and", "or", "&&", "||", "??", "in", "not-in", "is", "is-not",
    "<", "<=", ">", ">=", "==", "!=", "===", "!==",
    "+", "-", "*", "/", "//", "%", "**", "@", "&", "|", "^", "<<", ">>", "++", "--", "..", "..=",
    "=", ":=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "&&=", "||=", "??=",
))  # fmt: skip
NEGATIONS = frozenset({"not", "!"})


@dataclass(frozen=True, slots=True)
class TurnedToken:
    """A token that was turned into another one, in words, with its line in the new text, from 1."""

    kind: Literal["operator", "negation", "literal"]
    line: int
    text: str


def turned_tokens(
    old: ParsedText, new: ParsedText, runs: Sequence[ReplacedRun], is_over: Callable[[], bool]
) -> Iterator[TurnedToken]:
    """What was turned around in replaced lines, until time is over."""
    for low, high, start, end in runs:
        if high < low or end < start or is_over():
            continue
        before = _by_line(tokens_in(old, low, high), low, high)
        after = _by_line(tokens_in(new, start, end), start, end)
        if len(before) != len(after):
            before, after = [list(chain(*before))], [list(chain(*after))]
        for was, now in zip(before, after, strict=True):
            if not is_over():
                yield from _compare(_join_words(was), _join_words(now))


def _by_line(tokens: Iterator[CodeToken], first: int, last: int) -> list[list[CodeToken]]:
    lines: list[list[CodeToken]] = [[] for _ in range(first, last + 1)]
    for token in tokens:
        lines[token.line - first].append(token)
    return lines


def _join_words(tokens: Sequence[CodeToken]) -> list[CodeToken]:
    """Tokens with `not in` and `is not` as one."""
    found = list[CodeToken]()
    for token in tokens:
        if found and (found[-1].text, token.text) in {("not", "in"), ("is", "not")}:
            found[-1] = CodeToken(f"{found[-1].text}-{token.text}", token.type, found[-1].line)
        else:
            found.append(token)
    return found


def _compare(before: Sequence[CodeToken], after: Sequence[CodeToken]) -> Iterator[TurnedToken]:
    steps = _steps([token.text for token in before], [token.text for token in after])
    for position, (tag, first, last, begin, stop) in enumerate(steps):
        if tag != "equal" and _is_within(steps, position):
            near = after[begin:stop] or after[max(0, begin - 1) : begin + 1]
            line = near[0].line if near else 0
            yield from _judge_pair(before[first:last], after[begin:stop], line)


def _steps(old: Sequence[str], new: Sequence[str]) -> list[_CompareStep]:
    """How one list becomes another, as `difflib` says it; nothing if there is too much to compare."""
    most = min(len(old), len(new))
    head = next((at for at in range(most) if old[at] != new[at]), most)
    tail = next((at for at in range(most - head) if old[-1 - at] != new[-1 - at]), most - head)
    inner = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(inner[0]) * len(inner[1]) > _MOST_PAIRS:
        return []
    found = SequenceMatcher(None, *inner, autojunk=False).get_opcodes()
    steps: list[_CompareStep] = [(tag, *(place + head for place in places)) for tag, *places in found]  # type: ignore[misc]
    first: list[_CompareStep] = [("equal", 0, head, 0, head)] if head else []
    last: list[_CompareStep] = (
        [("equal", len(old) - tail, len(old), len(new) - tail, len(new))] if tail else []
    )
    return [*first, *steps, *last]


def _is_within(steps: Sequence[_CompareStep], position: int) -> bool:
    """Whether equal tokens are on both sides of a change: two, or all up to the ends of the lines."""
    for side in (position - 1, position + 1):
        at_end = side in (0, len(steps) - 1)
        if 0 <= side < len(steps) and steps[side][2] - steps[side][1] < (1 if at_end else _NEAR):
            return False
    return True


def _judge_pair(before: Sequence[CodeToken], after: Sequence[CodeToken], line: int) -> Iterator[TurnedToken]:
    old = [token.text for token in before]
    new = [token.text for token in after]
    if len(old) == len(new) == 1:
        words = f"`{plain_token(old[0])}` became `{plain_token(new[0])}`"
        if old[0] in OPERATORS and new[0] in OPERATORS:
            yield TurnedToken("operator", line, words)
        elif _is_value(before[0]) and _is_value(after[0]):
            yield TurnedToken("literal", line, words)
    elif not old and new and set(new) <= NEGATIONS:
        yield TurnedToken("negation", line, f"a negation was added: `{new[0]}`")
    elif not new and old and set(old) <= NEGATIONS:
        yield TurnedToken("negation", line, f"a negation is gone: `{old[0]}`")


def _is_value(token: CodeToken) -> bool:
    """Whether a token is a value; a docstring is none."""
    return is_literal(token.type) and "\n" not in token.text and not token.text.startswith('"""')


def plain_token(token: str) -> str:
    """A token as it is told: on one line, not too long."""
    return token.replace("-", " ") if token in {"not-in", "is-not"} else _SPACES.sub(" ", token)[:60]
