"""The weight of each line of a file for a question: by its own words, the ones around it, and those in
the definition that it is in.

This module reads one file and its outline through a corpus. Which files are read it does not know.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from assist_context.evidence.question_words import LineKind, QuestionWords, TermShares
from assist_context.index.reader import IndexedDefinition
from assist_context.pages import SECTION
from assist_context.retrieval.candidates import LONGEST_LINE
from assist_context.retrieval.corpus import Corpus

ABOVE, BELOW = 2, 4  # lines that are shown with the best one
WHOLE = 9  # lines of a definition that is shown as it is
HEAD = 3  # lines below a definition's signature that say what it is for

# How much of a word's worth counts where it is not in the line itself: in its neighbours by how far they are,
# in the name of its definition, in what is said at the head of that, elsewhere in it, and in the path. The
# figures of this module were set on `benchmarks/bench/asked/tuned.toml` (`benchmarks/ask.py`).
NEAR = (1.0, 0.85, 0.7, 0.5, 0.4)
IN_NAME = 0.8
AT_HEAD = 0.6
INSIDE = 0.35
IN_PATH = 0.3
OF_KIND = 1.3  # a line of the kind that is asked for
NEXT_TO_KIND = 1.2
IN_ORDER = 0.15  # for each word after the second that a line has in the question's order: messages are quoted
SAID = 0.8  # a line of a docstring or a long comment, which only says what code does
LONG_COMMENT = 3  # lines; longer ones are documentation

_COMMENT = re.compile(r"\s*(?:\#(?!\s*(?:define|if|include|pragma|\[))|//|/\*|\*(?:\s|/|$)|--\s|<!--)")
_DOCSTRING = re.compile(r"\s*[rRbBuU]?(\"\"\"|''')")
_WORDS = re.compile(r"[^\W_]+")
_KINDS: Mapping[LineKind, re.Pattern[str]] = {
    "raised": re.compile(
        r"""
          \b(?:raise|throw|panic|bail|ensure|abort|assert|reject|emit_?warning|die)\b
        | \bErr\( | \berrors?\.New | \bErrorf\b | \breturn\b.*\b\w*(?:Err|Error)\w*\b
        | \b(?:console|log|logger|logging|warnings?)\.(?:warn\w*|error|fatal)\b | \be?print(?:ln)?!
        | \bstderr\b | \bgoto\s+fail | \bexit\(
        """,
        re.VERBOSE | re.IGNORECASE,
    ),
    "default": re.compile(
        r"""
          ^\s*(?:\#\s*define|const|static|final|let|var|val|public|private|protected|export)\b.*\d
          # a name that is set to a literal or a constant, or has one by its key
        | \b[\w.]+\s*(?::[^=]*)?=\s*(?:["'`\[{(]|-?[\d_.]+|[A-Z_]{3,}|[Tt]rue|[Ff]alse|None|nil|null)
        | ^\s*["']?\w+["']?\s*:\s*(?:["'`]|-?\d|true|false|null)
        | \|\||\?\?|\bor\b|\w+_or\b|getOr\w+|setdefault
        """,
        re.VERBOSE,
    ),
    "branch": re.compile(
        r"""
          ^\s*(?:[})]\s*)?(?:if|else|elif|elsif|case|default|switch|match|when|while|catch|except|rescue|unless)\b
        | \bif\s*\(|=>|&&|\|\| | \brecover\(|\.catch\(|\bdefer\b
        """,
        re.VERBOSE,
    ),
    "way": re.compile(r"^\s*(?:[\w\[\]<>,*&\s]+\s+)?(?:def|func|function|fn|class|impl)\b"),
}


@dataclass(frozen=True, slots=True)
class FoundLines:
    """Lines `first` to `last` of a file, from 1, best matched by `line`, in the definition `inside`.

    `score` orders places; `share` is how much of what the question is about they say, from 0 to 1. `text` are
    the lines as they are shown. `section` is the heading that lines of a page are below.
    """

    corpus: Corpus
    path: str
    line: int
    first: int
    last: int
    score: float
    share: float
    text: tuple[str, ...] = ()
    inside: IndexedDefinition | None = None
    section: str = ""

    @property
    def name(self) -> str:
        """The definition or heading that they are in, "" for none."""
        return self.inside.qualified if self.inside is not None else self.section


class WeighedFile:
    """The lines of a file, with what each of them says of a question's words."""

    def __init__(self, corpus: Corpus, path: str, words: QuestionWords) -> None:
        self._corpus = corpus
        self._path = path
        self._words = words
        self._lines = corpus.lines(path)
        self._says = [words.meant_by(line) if len(line) <= LONGEST_LINE else {} for line in self._lines]
        self._in_path = words.meant_by(path)
        self._outline = [site for site in corpus.outline(path) if site.kind != SECTION]
        self._owner = _owners(self._outline, self._lines)
        self._around = self._said_by_definitions()
        self._documents = _documentation(self._lines)

    def best(self, most: int) -> Iterator[FoundLines]:
        """The lines that say most, the best first; two of them may be next to each other."""
        scores = [(self._score(at), at) for at, meant in enumerate(self._says) if meant]
        for score, at in sorted(scores, key=lambda one: (-one[0], one[1]))[:most]:
            yield self._place(at, score)

    def at(self, number: int) -> FoundLines:
        """The place around a line by its number, from 1."""
        return self._place(number - 1, self._score(number - 1))

    def is_of_kind(self, number: int) -> bool:
        """Return whether a line, by its number, is of the kind that is asked for."""
        kind = _KINDS.get(self._words.kind)
        return kind is not None and kind.search(self._lines[number - 1][:LONGEST_LINE]) is not None

    def _said_by_definitions(self) -> list[dict[str, float]]:
        """For each definition, how much of a term's worth it gives to all of its lines."""
        weights: list[dict[str, float]] = [{} for _ in self._outline]
        for own, site in zip(weights, self._outline, strict=True):
            _add(own, self._words.meant_by(site.qualified), IN_NAME)
        for number, owner in enumerate(self._owner, 1):
            if owner >= 0 and self._says[number - 1]:
                site = self._outline[owner]
                head = number < site.start_line + site.head_lines + HEAD
                _add(weights[owner], self._says[number - 1], AT_HEAD if head else INSIDE)
        return weights

    def _place(self, at: int, score: float) -> FoundLines:
        """A line with those around it, as far as its definition goes; a short definition as it is."""
        owner = self._owner[at]
        inside = self._outline[owner] if owner >= 0 else None
        first = at
        last = at
        if inside is not None and inside.end_line - inside.start_line < WHOLE:
            first = min(at, inside.start_line - 1)
            last = min(inside.end_line, len(self._lines)) - 1
        else:
            while first > max(0, at - ABOVE) and self._belongs(first - 1, owner):
                first -= 1
            while last < min(len(self._lines) - 1, at + BELOW) and self._owner[last + 1] == owner:
                last += 1
        while last > at and not self._lines[last].strip():
            last -= 1
        text = tuple(line.rstrip() for line in self._lines[first : last + 1])
        share = self._words.rate_share(self._has(at))
        return FoundLines(self._corpus, self._path, at + 1, first + 1, last + 1, score, share, text, inside)

    def _belongs(self, at: int, owner: int) -> bool:
        return self._owner[at] == owner and bool(self._lines[at].strip())

    def _has(self, at: int) -> TermShares:
        """Return how much of each term's worth is at a line."""
        owner = self._owner[at]
        has = {term: IN_PATH * share for term, share in self._in_path.items()}
        if owner >= 0:
            _add(has, self._around[owner], 1.0)
        for there in range(max(0, at + 1 - len(NEAR)), min(len(self._lines), at + len(NEAR))):
            if self._owner[there] == owner and self._says[there]:
                _add(has, self._says[there], NEAR[abs(there - at)])
        return has

    def _score(self, at: int) -> float:
        has = self._has(at)
        worth = self._words.worth
        score = sum(value * has.get(term, 0.0) for term, value in worth.items()) / (
            sum(worth.values()) or 1.0
        )
        score *= 1 + IN_ORDER * max(0, _sort_runs(self._lines[at], self._words.plain) - 2)
        return score * (SAID if self._documents[at] else self._worth_by_kind(at))

    def _worth_by_kind(self, at: int) -> float:
        if self.is_of_kind(at + 1):
            return OF_KIND
        near = range(max(1, at), min(len(self._lines), at + 2) + 1)
        return NEXT_TO_KIND if any(map(self.is_of_kind, near)) else 1.0


def _add(to: dict[str, float], meant: TermShares, share: float) -> None:
    for term, part in meant.items():
        to[term] = max(to.get(term, 0.0), share * part)


def _sort_runs(line: str, plain: Sequence[str]) -> int:
    """The most words of a question that a line has one after the other.

    >>> _sort_runs("raise TypeError('it must be a function')", ("why", "must", "be", "a", "function"))
    4
    """
    text = f" {' '.join(_WORDS.findall(line.lower()))} "
    best = 0
    for start in range(len(plain)):
        while start + best < len(plain) and f" {' '.join(plain[start : start + best + 1])} " in text:
            best += 1
    return best


def _owners(outline: Sequence[IndexedDefinition], lines: Sequence[str]) -> list[int]:
    """For each line the number of the innermost definition around it, or below it if it is its comment.

    It is -1 for none. A definition of one line is a part of what is around it.
    """
    owner = [-1] * len(lines)
    for number, site in enumerate(outline):
        first = site.start_line - 1
        if site.end_line == site.start_line or first >= len(lines):
            continue
        around = owner[first]
        while first > 0 and owner[first - 1] == around and _COMMENT.match(lines[first - 1]):
            first -= 1
        last = min(site.end_line, len(lines))
        owner[first:last] = [number] * (last - first)
    return owner


def _documentation(lines: Sequence[str]) -> list[bool]:
    """For each line whether it is in a docstring, or in a long comment."""
    flags = [False] * len(lines)
    quote = ""
    comment = 0  # lines of the comment so far
    for at, line in enumerate(lines):
        if quote:
            flags[at] = True
            quote = "" if quote in line else quote
        elif opening := _DOCSTRING.match(line):
            flags[at] = True
            quote = "" if opening[1] in line[opening.end() :] else opening[1]
        comment = comment + 1 if not quote and _COMMENT.match(line) else 0
        if comment > LONG_COMMENT:
            flags[at - comment + 1 : at + 1] = [True] * comment
    return flags
