"""What a model file writes at a place, and whether its first line and its first name are right.

The prompt holds the own file only, as that of a new place does: no index is asked, so no time limit of a
look-up can make the prompts of two files differ. It knows no engine.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from assist_completion.inference.generation import Generation, Model, generate
from assist_completion.inference.prefix_cache import PrefixCache
from assist_context.documents import Cursor, Document, gather, split_lines
from bench.places.agreement import first_name_agrees
from bench.places.commits import Place
from bench.places.cuts import CutLine
from bench.places.writing import FULL

LONGEST = 64  # tokens of a line; no more are written
SNAPSHOTS = 64 << 20  # bytes
_BLANKS = re.compile(r"\s+")
_WHOLE_NAME = re.compile(r"[^\W\d]\w*(?=\W)")


@dataclass(frozen=True, slots=True)
class FirstLine:
    """What a file wrote at a place. `tokens` is the size of the prompt, `first` is about the first name."""

    place: str
    repository: str
    kind: str
    full: bool
    tokens: int
    text: str
    right: bool
    first: bool


def is_right(text: str, truth: str) -> bool:
    """Whether the first line of a text is the whole rest of the line, blanks aside.

    >>> is_right("f(a)\\n", "f( a )\\nreturn"), is_right("f(", "f(a)"), is_right("", "")
    (True, False, False)
    """
    wanted = _without_blanks(truth)
    return bool(wanted) and _without_blanks(text) == wanted


def is_decided(text: str, truth: str) -> bool:
    """Whether more text cannot change what is right: the line ends, or it and its first name are settled.

    >>> is_decided("f(b", "f(a)\\n"), is_decided("f(a", "f(a)\\n"), is_decided("f", "g(a)\\n")
    (True, False, False)
    """
    if "\n" in text:
        return True
    return (
        not _without_blanks(truth).startswith(_without_blanks(text)) and _WHOLE_NAME.search(text) is not None
    )


def _without_blanks(text: str) -> str:
    return _BLANKS.sub("", text.partition("\n")[0])


def first_lines(model: Model, line: CutLine, *, full: bool) -> Iterator[FirstLine]:
    """What the model writes at each place of a line, asked from the left, so that its prompt is read once."""
    budget = replace(model.budget, small=FULL) if full else model.budget
    model = replace(model, prefix_cache=PrefixCache(model.llama, SNAPSHOTS), budget=budget)
    for place in line.places:
        yield _first_line(model, place, full=full)


def _first_line(model: Model, place: Place, *, full: bool) -> FirstLine:
    document = Document(place.path, split_lines(place.before + place.after), place.language)
    column = len(place.before) - place.before.rfind("\n") - 1
    context = gather(document, Cursor(place.before.count("\n"), column))
    generation = Generation(context, partial(is_decided, truth=place.truth), LONGEST)
    generate(model, generation)
    return FirstLine(
        place=place.id,
        repository=place.repository,
        kind=place.kind,
        full=full,
        tokens=generation.tokens.prompt,
        text=generation.text,
        right=is_right(generation.text, place.truth),
        first=first_name_agrees(*(each.partition("\n")[0] for each in (generation.text, place.truth))),
    )
