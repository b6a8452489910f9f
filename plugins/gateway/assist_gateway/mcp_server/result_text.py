"""A result as an agent reads it: `path:line` and few lines, without secrets, under a ceiling of tokens.

It is given places that may be shown; which ones these are it does not decide.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from assist_context.unseen_characters import visible
from assist_escalation.budget.token_count import count
from assist_escalation.policy.patterns import SecretPattern
from assist_escalation.prompts import PLACEHOLDER, HiddenPart, Origin, Span, log_placeholder
from assist_escalation.redaction.known_secrets import Known
from assist_escalation.redaction.redactor import redact
from assist_gateway.sentences import inert_line

LONGEST = 160  # characters of a single line
_KEPT_FOR_REST = 16  # tokens, for the line that says how much is left out


@dataclass(frozen=True, slots=True)
class ShownPlace:
    """A place in a file: its first line, what is there in a few words, and its text.

    Lines count from 1. `last` is 0 where a single line is meant, and `text` is "" where the words are
    enough. `hidden` are secrets in the text that only the rest of the file shows.
    """

    path: str
    line: int
    label: str = ""
    text: str = ""
    last: int = 0
    hidden: tuple[HiddenPart, ...] = ()


def without_secrets(
    places: Sequence[ShownPlace], root: str, known: Known, patterns: Sequence[SecretPattern], nonce: str
) -> list[ShownPlace]:
    """The places with `[redacted:TYPE]` for each secret in them. Raises `RedactionError`."""
    spans: list[Span] = []
    for place in places:
        origin = Origin("file", place.path, root, place.line, place.last or place.line)
        spans.append(Span(place.text, origin, place.hidden))
        spans.append(Span(place.label, Origin("editor", place.path, root)))
    found = redact(spans, known, patterns, nonce=nonce).spans
    return [
        replace(
            place,
            path=mark_secrets(text.origin.path),
            text=mark_secrets(text.text),
            label=mark_secrets(label.text),
        )
        for place, text, label in zip(places, found[::2], found[1::2], strict=True)
    ]


def mark_secrets(text: str) -> str:
    """A redacted text, in which each placeholder only says what was there: an agent cannot restore one."""
    return PLACEHOLDER.sub(lambda found: log_placeholder(_type_of(found[0])), text)


def _type_of(placeholder: str) -> str:
    if placeholder.startswith("["):
        return placeholder[len("[redacted:") : -1]
    return placeholder.removeprefix("__SECRET_").rsplit("_", 4)[0]


def result_text(places: Iterable[ShownPlace], ceiling: int, notes: Sequence[str] = ()) -> str:
    """The places, in groups by file, and then the notes, made harmless, in at most `ceiling` tokens.

    What has no room is left out, and a last line says how many places these are.
    """
    notes = [inert_line(note) for note in notes if note]
    room = ceiling - sum(count(note) + 1 for note in notes) - _KEPT_FOR_REST
    shown: list[str] = []
    path = ""
    places = list(places)
    for number, place in enumerate(places):
        text = "\n".join(_lines(place, path))
        taken = count(text) + 1
        if taken > room:
            cut = _cut(text, room) if place.last and not shown else ""
            shown += [cut] if cut else []
            left = len(places) - number - bool(cut)
            shown += [f"({left} more: name fewer, or a path)"] if left else []
            break
        shown.append(text)
        room -= taken
        path = place.path
    text = "\n".join([*shown, *notes])
    return within(text, ceiling)


def within(text: str, ceiling: int) -> str:
    """A text, or as many of its first lines as there is room for."""
    return text if count(text) <= ceiling else _cut(text, ceiling)


def _lines(place: ShownPlace, above: str) -> Iterator[str]:
    end = f"-{place.last}" if place.last > place.line else ""
    where = f"{' ' if place.path == above else visible(place.path)}:{place.line}{end}"
    label = f" {visible(place.label)}" if place.label else ""
    if not place.last:
        text = visible(place.text.strip()[:LONGEST])
        yield f"{where}{label}{': ' if label and text else ' ' if text else ''}{text}"
        return
    yield f"{where}{label}"
    lines = place.text.replace("\r\n", "\n").rstrip("\n").split("\n")
    yield from (visible(line) for line in lines if place.text)


def _cut(text: str, room: int) -> str:
    """The first lines of a text, as many as there is room for."""
    kept: list[str] = []
    for line in text.split("\n"):
        room -= count(line) + 1
        if room < 4:
            return "\n".join([*kept, "..."]) if kept else ""
        kept.append(line)
    return "\n".join(kept)
