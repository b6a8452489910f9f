"""The facts of code that a question asks for, and whether it asks for anything else.

How people ask is data (`fact_words.toml`). This module reads no index: whether a plain word is a name of code
is for others to say.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal

from assist_context.evidence.mentions import MentionedName, find_names
from assist_context.languages import PLAIN, language_of

AskedFact = Literal["places", "returns", "raises", "writes", "calls", "uses", "tests", "changes"]

_TABLE: Mapping[str, Any] = tomllib.loads(
    (files(__package__) / "fact_words.toml").read_text(encoding="utf-8")
)
_REASONS = frozenset(_TABLE["reasons"].split())
_RESTRICTIONS = frozenset(_TABLE["restrictions"].split())
_JOINTS = frozenset(_TABLE["joints"].split())
_FILLERS = frozenset([*_TABLE["fillers"].split(), *_RESTRICTIONS, "#"])
_LONGEST = 1_000  # characters; nothing longer asks for facts alone
_NAME = r"(@|\w+)"
_TAKEN = "#"  # where words were taken: expressions reach over none of it
_SHORT_FORMS = {"'s": " is", "'re": " are", "'d": " would", "'m": " am", "'ve": " have", "'ll": " will"}
_FILE = re.compile(r"(?<![\w`/])(?:[\w@+.-]+/)*[\w@+.-]+\.[A-Za-z]{1,5}(?![\w/(])")
_CAPITAL = re.compile(r"(?<=\w )[A-Z][a-z]\w*")  # in the middle of a sentence: `Type`, `Set`
_WORD = re.compile(r"@|[^\W_][\w-]*|;")


@dataclass(frozen=True, slots=True)
class FactQuestion:
    """The facts that a question asks for, the names that it marks, and what else it says.

    `rest` are words that ask for something else, or for less, as in "and is it fast"; `loose` are others that
    go with a fact, as in "any production code". Where no name is marked, one of both may be a name.
    """

    kinds: tuple[AskedFact, ...] = ()
    names: tuple[MentionedName, ...] = ()
    rest: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Return whether nothing but facts is asked for."""
        return bool(self.kinds) and not self.rest

    @property
    def plain_names(self) -> tuple[str, ...]:
        """The words that may be a name of code, in a question that marks none."""
        if not self.kinds or self.names or len(self.rest) > 1:
            return ()
        return tuple(word for word in (*self.rest, *self.loose) if word.isidentifier())

    def is_whole_with(self, name: str) -> bool:
        """Return whether nothing but facts is asked for if a word of the question is a name."""
        return bool(self.kinds) and {*self.rest} <= {name}


def _patterns(rows: Sequence[str]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(rf"(?<!\S)(?:{row.replace('X', _NAME)})(?!\S)", re.IGNORECASE) for row in rows)


_POLITE = _patterns(_TABLE["polite"])
_MORE = _patterns(_TABLE["more"])
_KINDS: Mapping[AskedFact, tuple[re.Pattern[str], ...]] = {
    kind: _patterns(rows) for kind, rows in _TABLE["kinds"].items()
}


def fact_question(question: str) -> FactQuestion:
    """Return what a question asks for, by its words alone.

    >>> fact_question("who calls `total`, and is it tested?").kinds
    ('tests', 'uses')
    >>> fact_question("why is `total` called?").rest, fact_question("is partition tested?").plain_names
    (('why',), ('partition',))
    """
    if len(question) > _LONGEST:
        return FactQuestion()
    words = _FILE.sub(_drop_file, question)
    names = find_names(words)
    text = _drop_names(words, names)
    capitals = dict.fromkeys(_CAPITAL.findall(text))
    text = _CAPITAL.sub("@", text)
    for pattern in _POLITE:
        text = pattern.sub(_kept_name, text)
    kinds: list[AskedFact] = []
    for kind, patterns in _KINDS.items():
        before = text
        for pattern in patterns:
            text = pattern.sub(_take, text)
        kinds += [kind] if text != before else []
    more = [match[0] for pattern in _MORE for match in pattern.finditer(text)]
    rest: dict[str, None] = dict.fromkeys((*more, *capitals))
    loose: dict[str, None] = {}
    for part in _parts(text):
        asks = _TAKEN in part
        is_restricted = False
        for word in part:
            plain = word.lower()
            is_restricted = is_restricted or plain in _RESTRICTIONS
            if plain in _REASONS or (plain not in _FILLERS and (is_restricted or not asks)):
                rest[word] = None
            elif plain not in _FILLERS:
                loose[word] = None
    return FactQuestion(tuple(kinds), names, tuple(rest), tuple(word for word in loose if word not in rest))


def asks_only_facts(question: str) -> bool:
    """Return whether nothing is asked but facts, if a plain word that is left is a name of code.

    >>> asks_only_facts("where is `total` used, and is it tested?"), asks_only_facts("why is `total` used?")
    (True, False)
    """
    request = fact_question(question)
    return request.whole or (bool(request.plain_names) and _REASONS.isdisjoint(request.rest))


def _parts(text: str) -> Iterator[list[str]]:
    """The words of each part of a question: what is between the joints."""
    part: list[str] = []
    for word in text.split():
        if word.lower() in _JOINTS:
            yield part
            part = []
        elif word != "@":
            part.append(word)
    yield part


def _drop_file(match: re.Match[str]) -> str:
    """Nothing for the path of a file of code, which is a place and no name."""
    return match[0] if language_of(match[0]) is PLAIN else ""


def _take(match: re.Match[str]) -> str:
    return f"{_TAKEN} {_kept_name(match)} {_TAKEN}"


def _kept_name(match: re.Match[str]) -> str:
    return next(filter(None, match.groups()), "")


def _drop_names(question: str, names: Sequence[MentionedName]) -> str:
    """The words of a question with "@" for each name, and ";" for the marks between its parts."""
    text = question.replace("’", "'")
    text = re.sub(r"`+[^`\n]*`+(?:\(\))?", " @ ", text)
    for name in sorted(names, key=lambda name: -len(name.text)):
        owner = r"(?:[\w.:#>-]*(?:\.|::|#|->))?" if name.owner else ""
        text = re.sub(rf"(?<![\w@]){owner}{re.escape(name.text)}(?!\w)(?:\(\w*\))?", " @ ", text)
    for short, whole in _SHORT_FORMS.items():
        text = re.sub(rf"(?<=[\w@]){short}\b", whole, text)
    text = re.sub(r"[,;:?!.()\[\]]+|\s[-–—]+\s|&", " ; ", text)
    return " ".join(_WORD.findall(text))
