"""The intent of a question, by its words alone: pages of documentation, code, or either; tests; changes.

The words are data (`asking.toml`). This module reads no index.
"""

import re
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from assist_context.evidence.mentions import find_names

EvidenceKind = Literal["pages", "code", "either"]

_TABLE: dict[str, list[str]] = tomllib.loads((files(__package__) / "asking.toml").read_text(encoding="utf-8"))
_WORD = re.compile(r"[^\W\d_]+")
_CHRONICLES = frozenset(_TABLE["chronicles"])
_FILLERS = frozenset([*_TABLE["small"], *_TABLE["pages"]])
LONGEST = 4_000  # characters of a question that are looked at


@dataclass(frozen=True, slots=True)
class QuestionIntent:
    """The sources in which the answer may be; `tests` and `changes`: the question speaks of them.

    `usage` says that it asks how something is done.
    """

    kind: EvidenceKind = "either"
    tests: bool = False
    changes: bool = False
    usage: bool = False


def read_intent(question: str) -> QuestionIntent:
    """Return what a question asks for.

    >>> read_intent("How do I run it behind a proxy?").kind, read_intent("Where is `total` called?").kind
    ('pages', 'code')
    """
    text = _plain_words(question)
    kind: EvidenceKind = "either"
    if _mentions("pages", text):
        kind = "pages"
    elif find_names(question) or (_mentions("code", text) and not _mentions("usage", text)):
        kind = "code"
    elif _mentions("usage", text):
        kind = "pages"
    return QuestionIntent(
        kind, _mentions("tests", text), _mentions("changes", text), _mentions("usage", text)
    )


def _plain_words(question: str) -> str:
    return " ".join(re.findall(r"[\w'-]+", question[:LONGEST].lower()))


def _mentions(subject: str, text: str) -> bool:
    words = f" {text} "
    phrases = _TABLE[subject]
    return any(f" {phrase} " in words or (not phrase.isascii() and phrase in text) for phrase in phrases)


def is_filler(word: str) -> bool:
    """Return whether a word of a question says only that it is one, or that it asks for documentation."""
    return word.lower() in _FILLERS


def is_chronicle(path: str) -> bool:
    """Return whether a page tells what changed, by its path.

    >>> is_chronicle("doc/announce/release-2.1.rst"), is_chronicle("docs/usage.md")
    (True, False)
    """
    return not _CHRONICLES.isdisjoint(_WORD.findall(path.lower()))
