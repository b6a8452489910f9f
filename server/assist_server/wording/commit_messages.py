"""A commit message: the model's, if it is about this diff, else one that is computed from the diff.

A small model describes changes that are not there. Each word of its message that says what changed has to be
in the changed lines, their paths or the names of the changed definitions; verbs and words that any message
has do not. What is computed is dull, and right.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from posixpath import commonpath, dirname

from assist_context.facts.diff_facts import changed_definitions
from assist_context.index.terms import terms
from assist_server.questions.held_sentences import KnownWords, unknown_in
from assist_server.wording.diff_answers import clean_message
from assist_server.workspace.compared_diff import ComparedDiff
from assist_server.workspace.folder_diff import FolderDiff

_WORDS = tomllib.loads((files(__package__) / "commit_words.toml").read_text(encoding="utf-8"))
_COMMON_TERMS = frozenset(terms(_WORDS["common"]))
_LONGEST = 72  # characters of a subject
_VERB = re.compile(r"(?:\w+(?:\([^)\n]*\))?:\s*)?(?P<verb>add|remove)s?(?:ed)?\b", re.IGNORECASE)
MORE = 1.5  # times as many lines on one side
_NAMED = 3  # definitions that a computed subject names


@dataclass(frozen=True, slots=True)
class CommitMessage:
    """A message. It is computed if the model's has words that the diff does not have: these are `unknown`."""

    text: str
    unknown: tuple[str, ...] = ()


def held_message(answer: str, note: str, compared: ComparedDiff, *, small: bool = True) -> CommitMessage:
    """The model's message, or the computed one where it speaks of something else. `note` is the user's.

    Of a large model's message only the names of code are looked at.
    """
    message = clean_message(answer)
    names = [name for file in compared.files for name in changed_definitions(file)]
    texts = [note, *names, *_changed_texts(compared.diff)]
    if small:
        known = _COMMON_TERMS | frozenset(terms("\n".join(texts)))
        words = dict.fromkeys(re.findall(r"\w+", message))
        unknown = (*_false_verb(message, compared), *(word for word in words if not _is_known(word, known)))
    else:
        shown = (line.text for file in compared.diff.files for line in file.lines)
        unknown = unknown_in(message, KnownWords.of([*texts, *shown], ()))
    if message and not unknown:
        return CommitMessage(message)
    return CommitMessage(_computed_message(compared, names), unknown)


def not_held_words(message: CommitMessage) -> str:
    """What to know about a message that is computed, "" for the model's own."""
    if not message.unknown:
        return ""
    named = ", ".join(message.unknown[:_NAMED])
    return f"The model's message spoke of what the diff does not have ({named}), so this one is computed."


def _false_verb(message: str, compared: ComparedDiff) -> Iterator[str]:
    """The verb of a message that says something came or went where lines only changed.

    A small model says "Add support for" of a corrected word. Something came if a definition did, or if there
    are more lines now; a line for a line is a change.
    """
    match = _VERB.match(message)
    if match is None or any(file.state in ("new", "deleted") for file in compared.diff.files):
        return
    came = match["verb"].lower() == "add"
    kinds = {fact.kind for fact in compared.facts.found}
    marks = Counter(line.mark for file in compared.diff.files for line in file.lines if line.text.strip())
    more, fewer = (marks["+"], marks["-"]) if came else (marks["-"], marks["+"])
    if ("added" if came else "removed") not in kinds and more < MORE * fewer:
        yield match["verb"]


def _is_known(word: str, known: frozenset[str]) -> bool:
    return all(term in known for term in terms(word))


def _changed_texts(diff: FolderDiff) -> Iterator[str]:
    for file in diff.files:
        yield f"{file.path} {file.was} {file.state}"
        yield from (line.text for line in file.lines if line.mark in "+-")


def _computed_message(compared: ComparedDiff, names: Sequence[str]) -> str:
    """What changed, in one line: the kind of change that all of the diff has, the names, and the place."""
    facts = [fact for fact in compared.facts.found if fact.kind in ("added", "removed")]
    paths = [file.path for file in compared.diff.files]
    states = {file.state for file in compared.diff.files}
    where = paths[0] if len(paths) == 1 else commonpath(map(dirname, paths)) or f"{len(paths)} files"
    if states in ({"new"}, {"deleted"}):
        return _subject("Add" if "new" in states else "Remove", paths, "")
    for kind, verb, place in (("added", "Add", "to"), ("removed", "Remove", "from")):
        own = [fact.text.split()[1] for fact in facts if fact.kind == kind]  # "function total"
        if own and not [name for name in names if name not in own]:
            return _subject(verb, own, f" {place} {where}")
    return _subject("Change", names or paths, f" in {where}" if names else "")


def _subject(verb: str, names: Iterable[str], place: str) -> str:
    """A subject with as many names as fit.

    >>> _subject("Add", ["total", "tax", "net", "gross"], " to cart.py")
    'Add total, tax, net and 1 more to cart.py'
    """
    every = list(dict.fromkeys(names))
    texts = [f"{verb} {_enumeration(every, count)}{place}" for count in range(_NAMED, 0, -1)]
    return next((text for text in texts if len(text) <= _LONGEST), texts[-1])


def _enumeration(names: Sequence[str], most: int) -> str:
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
