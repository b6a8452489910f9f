"""The answer about a diff: a commit message, or remarks, as far as it is about this diff.

A model describes changes that are not there. A name of code in its commit message that the diff does not have
is told with it.

Remarks are found by PATH:LINE, and kept only if the diff has that line. What is found here is
harmless, so that terminals, editors, JSON and git get the same text.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from assist_context.unseen_characters import visible
from assist_escalation.prompts import Span
from assist_server.questions.draft import Question
from assist_server.questions.grounding import PromptWords, find_unknown
from assist_server.wording.sanitize import harmless
from assist_server.workspace.compared_diff import ComparedDiff

_NAMED = 3  # unknown names that are told

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
class Remark:
    """A remark about a line of a file."""

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
    """The valid part of an answer about a diff, for everyone who shows it.

    `text` is the commit message, or the remarks, one a line. `notes` say what is not shown and why. `members`
    are what its document has that documents of other answers have not.
    """

    text: str = ""
    notes: tuple[str, ...] = ()
    members: Mapping[str, Any] = field(default_factory=dict)


def diff_answer(question: Question, answer: str, diff: ComparedDiff) -> DiffAnswer:
    """Return what holds of an answer to this question."""
    if question.command == "commit":
        return _message_answer(question.words, answer, diff)
    remarks = drop_refuted(read_remarks(answer, question.material), diff.defines)
    text = "\n".join(f"{visible(remark.path)}:{remark.line}: {remark.text}" for remark in remarks.kept)
    members = {
        "facts": [asdict(fact) for fact in diff.facts.found],
        "remarks": [asdict(remark) for remark in remarks.kept],
        "dropped": remarks.dropped,
    }
    return DiffAnswer(text or NO_REMARKS, tuple(_dropped_notes(remarks)), members)


def _message_answer(note: str, answer: str, diff: ComparedDiff) -> DiffAnswer:
    """The message, and which names of code in it the diff does not have. `note` is the user's."""
    message = clean_message(answer)
    texts = (line.text for file in diff.diff.files for line in file.lines)
    paths = (f"{file.path} {file.was}" for file in diff.diff.files)
    unknown = find_unknown(message, PromptWords.of([note, *paths, *texts], ()))
    notes = [f"The message mentions things that are not in the diff: {', '.join(unknown[:_NAMED])}."]
    return DiffAnswer(message, tuple(notes if unknown else ()), {"message": message})


def _dropped_notes(remarks: Remarks) -> Iterator[str]:
    """Yield what is said of the remarks that are not kept."""
    if remarks.refuted:
        yield f"Dropped remarks that report a defined name as undefined: {remarks.refuted}."
    if remarks.empty:
        yield f"Dropped remarks that say nothing: {remarks.empty}."
    if remarks.dropped:
        yield f"Dropped remarks about lines that are not in the diff: {remarks.dropped}."


def drop_refuted(remarks: Remarks, is_defined: Callable[[str, str], bool]) -> Remarks:
    """The remarks without those that call a name undefined which its file defines: of a path and a name."""
    remarks_kept = tuple(
        remark
        for remark in remarks.kept
        if not any(is_defined(remark.path, name) for name in _NOT_DEFINED.findall(remark.text))
    )
    return replace(remarks, kept=remarks_kept, refuted=len(remarks.kept) - len(remarks_kept))


def read_remarks(answer: str, pieces: Sequence[Span]) -> Remarks:
    """The remarks of an answer about numbered pieces. One about a line that they do not show is dropped."""
    lines_shown = {piece.origin.path: set(map(int, _NUMBER.findall(piece.text))) for piece in pieces}
    remarks = list(dict.fromkeys(_parse(answer)))
    remarks_kept = tuple(remark for remark in remarks if remark.line in lines_shown.get(remark.path, ()))
    return _drop_echoes(Remarks(remarks_kept, len(remarks) - len(remarks_kept)), pieces)


def _drop_echoes(remarks: Remarks, pieces: Sequence[Span]) -> Remarks:
    """The remarks without those that say nothing: a line of the code again, or three words."""
    code = {" ".join(line[LEAD:].split()) for piece in pieces for line in piece.text.splitlines()}
    remarks_kept = tuple(
        remark
        for remark in remarks.kept
        if len(remark.text.split()) >= FEWEST_WORDS and " ".join(remark.text.split()) not in code
    )
    return replace(remarks, kept=remarks_kept, empty=len(remarks.kept) - len(remarks_kept))


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
        if remarks := _REMARK.match(line):
            path = remarks["path"].strip().removeprefix("./")
            yield Remark(path, int(remarks["line"]), harmless(remarks["text"]).strip())
