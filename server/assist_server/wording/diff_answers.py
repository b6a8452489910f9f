"""What a model answers about a diff: a commit message, or remarks, as far as it is about this diff.

A small model describes changes that are not there. Each word of its commit message that says what changed has
to be in the changed lines, their paths or the names of the changed definitions; verbs and words that any
message has do not. Else the message is computed from the diff, which is dull, and right.

Remarks are found by PATH:LINE, and kept only if the diff has that line. What is found here is
harmless, so that terminals, editors, JSON and git get the same text.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.resources import files
from posixpath import commonpath, dirname
from typing import Any

from assist_context.facts.diff_facts import changed_definitions
from assist_context.index.terms import terms
from assist_context.unseen_characters import visible
from assist_escalation.prompts import Span
from assist_server.questions.draft import Question
from assist_server.questions.held_sentences import KnownWords, unknown_in
from assist_server.wording.sanitize import harmless
from assist_server.workspace.compared_diff import ComparedDiff
from assist_server.workspace.folder_diff import FolderDiff

_WORDS = tomllib.loads((files(__package__) / "commit_words.toml").read_text(encoding="utf-8"))
_COMMON_TERMS = frozenset(terms(_WORDS["common"]))
_LONGEST = 72  # characters of a subject
_VERB = re.compile(r"(?:\w+(?:\([^)\n]*\))?:\s*)?(?P<verb>add|remove)s?(?:ed)?\b", re.IGNORECASE)
MORE = 1.5  # times as many lines on one side
_NAMED = 3  # definitions that a computed subject names

NO_REMARKS = "No remarks."
# - `src/app.py:12`: text   or   **src/app.py:12-14** - text
_REMARK = re.compile(
    r"""
    ^ [\s>*\-\d.)\[(`"']*                       # a bullet, a number, quotes
    (?P<path>[^\s:`*"'\]][^:`*"'\n\]]*?) : (?P<line>\d{1,7}) (?:-\d{1,7})?
    [`*"')\]\s]* (?: [:\-–—,] | \s ) [`*\s]*    # what ends the place
    (?P<text>\S.*) $
    """,
    re.VERBOSE,
)
FEWEST_WORDS = 4  # of a remark that says something
LEAD = 8  # characters before the code of a numbered line: its number and its mark
_NUMBER = re.compile(r"^ {0,4}(\d+) [ +]", re.MULTILINE)  # as `diff_spans` writes it
# `name` is not defined
_NOT_DEFINED = re.compile(
    r"""[`'"]?(\w+)[`'"]?(?:\(\))? (?:is|are|was)(?: not|n't) (?:defined|imported|declared)"""
)


@dataclass(frozen=True, slots=True)
class CommitMessage:
    """A message. It is computed if the model's has words that the diff does not have: these are `unknown`."""

    text: str
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Remark:
    """What is said about a line of a file."""

    path: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Remarks:
    """The remarks on lines of a diff, how many were about others, and how many the code itself refuted.

    `empty` counts those that said nothing.
    """

    kept: tuple[Remark, ...]
    dropped: int
    refuted: int = 0
    empty: int = 0


@dataclass(frozen=True, slots=True)
class DiffAnswer:
    """What holds of an answer about a diff, for everyone who shows it.

    `text` is the commit message, or the remarks, one a line. `notes` say what is not shown and why. `members`
    are what its document has that documents of other answers have not.
    """

    text: str = ""
    notes: tuple[str, ...] = ()
    members: Mapping[str, Any] = field(default_factory=dict)


def diff_answer(asked: Question, answer: str, compared: ComparedDiff, *, local: bool) -> DiffAnswer:
    """What holds of a model's answer to this question. `local` is a small model, on this machine."""
    if asked.command == "commit":
        held = held_message(answer, asked.words, compared, small=local)
        notes = tuple(filter(None, [not_held_words(held)]))
        return DiffAnswer(held.text, notes, {"message": held.text})
    found = without_refuted(remarks_in(answer, asked.material), compared.defines)
    text = "\n".join(f"{visible(remark.path)}:{remark.line}: {remark.text}" for remark in found.kept)
    members = {
        "facts": [asdict(fact) for fact in compared.facts.found],
        "remarks": [asdict(remark) for remark in found.kept],
        "dropped": found.dropped,
    }
    return DiffAnswer(text or NO_REMARKS, tuple(_dropped_notes(found)), members)


def not_held_words(message: CommitMessage) -> str:
    """What to know about a message that is computed, "" for the model's own."""
    if not message.unknown:
        return ""
    named = ", ".join(message.unknown[:_NAMED])
    return f"The model's message spoke of what the diff does not have ({named}), so this one is computed."


def _dropped_notes(remarks: Remarks) -> Iterator[str]:
    """What is said of the remarks that are not kept."""
    if remarks.refuted:
        yield f"Dropped {remarks.refuted} that call a name undefined which is defined."
    if remarks.empty:
        yield f"Dropped {remarks.empty} that say nothing."
    if remarks.dropped:
        yield f"Dropped {remarks.dropped} about lines that are not in the diff."


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


def without_refuted(remarks: Remarks, is_defined: Callable[[str, str], bool]) -> Remarks:
    """The remarks without those that call a name undefined which its file defines: of a path and a name."""
    kept = tuple(
        remark
        for remark in remarks.kept
        if not any(is_defined(remark.path, name) for name in _NOT_DEFINED.findall(remark.text))
    )
    return replace(remarks, kept=kept, refuted=len(remarks.kept) - len(kept))


def remarks_in(answer: str, pieces: Sequence[Span]) -> Remarks:
    """The remarks of an answer about numbered pieces. One about a line that they do not show is dropped."""
    shown = {piece.origin.path: set(map(int, _NUMBER.findall(piece.text))) for piece in pieces}
    found = list(dict.fromkeys(_parse(answer)))
    kept = tuple(remark for remark in found if remark.line in shown.get(remark.path, ()))
    return _without_echoes(Remarks(kept, len(found) - len(kept)), pieces)


def _without_echoes(remarks: Remarks, pieces: Sequence[Span]) -> Remarks:
    """The remarks without those that say nothing: a line of the code again, or three words."""
    code = {" ".join(line[LEAD:].split()) for piece in pieces for line in piece.text.splitlines()}
    kept = tuple(
        remark
        for remark in remarks.kept
        if len(remark.text.split()) >= FEWEST_WORDS and " ".join(remark.text.split()) not in code
    )
    return replace(remarks, kept=kept, empty=len(remarks.kept) - len(kept))


def clean_message(answer: str) -> str:
    """The message in a model's answer, harmless: without fences, quotes and a label before it."""
    lines = [line.rstrip() for line in harmless(answer).strip().splitlines() if not line.startswith("```")]
    text = "\n".join(lines).strip()
    text = re.sub(r"^(?:commit message|message|subject)\s*:\s*", "", text, flags=re.IGNORECASE)
    quote = text[:1]
    if len(text) > 1 and quote in "\"'`" and text[-1] == quote and quote not in text[1:-1]:
        text = text[1:-1].strip()
    return text


def _parse(answer: str) -> Iterator[Remark]:
    for line in answer.splitlines():
        if found := _REMARK.match(line):
            path = found["path"].strip().removeprefix("./")
            yield Remark(path, int(found["line"]), harmless(found["text"]).strip())
