"""The words of a question as a search for lines weighs them: which terms they are, what each is worth, which
others mean the same, and which kind of line answers.

The vocabulary is data (`question_words.toml`). This module reads no file of a workspace.
"""

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from itertools import permutations
from typing import Literal

from assist_context.evidence.intent import is_filler
from assist_context.evidence.mentions import find_names
from assist_context.index.terms import terms

LineKind = Literal["raised", "default", "branch", "way", ""]
KINDS: tuple[LineKind, ...] = ("branch", "raised", "default", "way", "")
LONGEST = 4_000  # characters of a question that are looked at
# What a word of a text is worth that is not the question's own: another form of it, or one with its meaning.
FORM = 0.85
RELATED = 0.55
ALIKE = 0.66  # of its letters, that another form begins with
LEAST_ALIKE = 4  # letters
MAX_JOINED = 12  # terms of a question that may be joined to a word, as in "filename"
# What a word is worth for the order of lines that no file has, since people use words that code has not, and
# one that says little of what a question is about.
ABSENT = 0.4
ASIDE = 0.25

_TABLE: Mapping[str, list[str]] = tomllib.loads(
    (files(__package__) / "question_words.toml").read_text(encoding="utf-8")
)
_ASIDES = frozenset(term for word in _TABLE["aside"] for term in terms(word))
_BOILERPLATE = frozenset(_TABLE["boilerplate"])
_STATUSES = dict(status.split(" ", 1) for status in _TABLE["statuses"])
_WORD = re.compile(r"\w+")
_LETTERS = re.compile(r"[a-z]+")


def _terms_alike() -> Mapping[str, frozenset[str]]:
    """The terms that mean much the same as a term."""
    by_stem: dict[str, set[str]] = {}
    for group in _TABLE["related"]:
        stems = [terms(word)[0] for word in group.split()]
        for stem in stems:
            by_stem.setdefault(stem, set()).update(stems)
    return {stem: frozenset(others - {stem}) for stem, others in by_stem.items()}


_RELATED = _terms_alike()
TermShares = Mapping[str, float]


class WordMeanings(dict[str, TermShares]):
    """A cache: which terms of a question a word of a text means, and how surely."""

    def __init__(self, words: Iterable[str]) -> None:
        super().__init__()
        self._known: dict[str, dict[str, float]] = {term: {term: 1.0} for term in words}
        self._asked = tuple(self._known)
        for first, second in permutations(self._asked[:MAX_JOINED], 2):
            for compound in {*terms(first + second), f"{first}e{second}"}:
                self._known.setdefault(compound, {}).update({first: 1.0, second: 1.0})
        for term in self._asked:
            for other in (*_RELATED.get(term, ()), *terms(_STATUSES.get(term, ""))):
                self._known.setdefault(other, {}).setdefault(term, RELATED)
        self.related = tuple(term for term in self._known if term not in self._asked)

    def __missing__(self, word: str) -> TermShares:
        weights: dict[str, float] = {}
        for term in terms(word):
            for words, share in self._match_term(term).items():
                weights[words] = max(weights.get(words, 0.0), share)
        self[word] = weights
        return weights

    def _match_term(self, term: str) -> TermShares:
        if term not in self._known:
            self._known[term] = {words: FORM for words in self._asked if _are_forms(term, words)}
        return self._known[term]


def _are_forms(one: str, other: str) -> bool:
    """Return whether two terms are probably forms of a word.

    >>> _are_forms("recent", "recently"), _are_forms("infinit", "infinity"), _are_forms("context", "contain")
    (True, True, False)
    """
    pairs = enumerate(zip(one, other, strict=False))
    prefix = next((at for at, (first, right) in pairs if first != right), min(len(one), len(other)))
    return prefix >= LEAST_ALIKE and prefix >= ALIKE * max(len(one), len(other))


@dataclass(frozen=True, slots=True)
class QuestionWords:
    """The terms of a question, by how rare they are; `worth` is that for the order of lines.

    `plain` are all words in order, in lower case; `kind` is which kind of line answers, "" if that is open.
    """

    rarity: TermShares
    worth: TermShares
    meanings: WordMeanings
    plain: tuple[str, ...]
    kind: LineKind

    def meant_by(self, text: str) -> TermShares:
        """Return which of the question's terms a text has, and how surely."""
        weights: dict[str, float] = {}
        for word in _WORD.findall(text):
            if meant := self.meanings[word]:
                for term, share in meant.items():
                    weights[term] = max(weights.get(term, 0.0), share)
        return weights

    def rate_share(self, has: TermShares) -> float:
        """The share of what a question is about that is there, from 0 to 1; small words count for nothing."""
        telling = {term: value for term, value in self.rarity.items() if term not in _ASIDES} or self.worth
        there = sum(value * has.get(term, 0.0) for term, value in telling.items())
        return there / (sum(telling.values()) or 1.0)


def question_words(
    question: str, rarity: Callable[[str], float], is_known: Callable[[str], bool]
) -> QuestionWords:
    """The words of a question. `rarity` is BM25's weight of a term; `is_known` says whether a file has it."""
    text = question[:LONGEST]
    rare = {term: rarity(term) for term in dict.fromkeys(telling_terms(text))}
    worth = {
        term: value * (ASIDE if term in _ASIDES else 1.0 if is_known(term) else ABSENT)
        for term, value in rare.items()
    }
    plain = tuple(re.findall(r"[^\W_]+", text.lower()))
    sentence = f" {' '.join(plain)} "
    kinds = (kind for kind in KINDS if any(f" {phrase} " in sentence for phrase in _TABLE.get(kind, ())))
    return QuestionWords(rare, worth, WordMeanings(rare), plain, next(kinds, KINDS[-1]))


def telling_terms(question: str) -> list[str]:
    """The terms of the words that say what a question is about, in order; of all words if there are none.

    >>> telling_terms("Why does it say that 404 was not found?")
    ['404', 'not', 'found']
    """
    words = _WORD.findall(question)
    meant = {name.text for name in find_names(question)}
    telling = [word for word in words if word in meant or not is_filler(word)]
    return [term for word in (telling or words) for term in terms(word)]


def is_boilerplate(path: str) -> bool:
    """Return whether a page is about a project and its people, by its name.

    >>> is_boilerplate(".github/CODE_OF_CONDUCT.md"), is_boilerplate("docs/code.md")
    (True, False)
    """
    return not _BOILERPLATE.isdisjoint(_LETTERS.findall(path.rpartition("/")[2].lower()))
