"""Which parts of a prompt may not leave today: pieces of files, and answers that derive from them.

The rules are asked again at every turn, since they may have changed. Only pieces that no provider may see are
left out; everything else is judged by the gate. This module reads no rules itself.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from assist_escalation.prompts import Origin, Span
from assist_server.threads.thread import Thread

FilePlace = tuple[str, str]  # a folder, and a path in it


@dataclass(frozen=True, slots=True)
class LeavingParts:
    """The spans that may leave, the files that are left out, and how many answers are."""

    spans: tuple[Span, ...]
    files: tuple[FilePlace, ...] = ()
    answers: int = 0


def staying_reason(thread: Thread | None, always_local: Sequence[str]) -> str:
    """Why all of a conversation stays on this machine, in words, or "".

    What the user asked with --local, or what is always answered here, would else leave with a later question.
    """
    for turn in thread.turns if thread else ():
        if turn.stays:
            return "an earlier question of this conversation was asked for this machine only"
        if turn.command in always_local:
            return f"this conversation holds an answer to {turn.command}, which is one of always_local"
    return ""


def origins_of(span: Span) -> tuple[Origin, ...]:
    """All origins of a span that are about a file: its own, and those that it derives from."""
    return tuple(each for each in (span.origin, *span.origin.derived) if each.path)


def files_of(spans: Sequence[Span]) -> dict[str, dict[str, None]]:
    """The files that spans show or derive from, by their folders."""
    found: dict[str, dict[str, None]] = {}
    for origin in (each for span in spans for each in origins_of(span)):
        found.setdefault(origin.root, {})[origin.path] = None
    return found


def leaving_parts(spans: Sequence[Span], barred: Collection[FilePlace]) -> LeavingParts:
    """The spans of which no file is barred."""
    gone = [span for span in spans if any((each.root, each.path) in barred for each in origins_of(span))]
    if not gone:
        return LeavingParts(tuple(spans))
    files = dict.fromkeys((span.origin.root, span.origin.path) for span in gone if span.origin.path)
    answers = sum(1 for span in gone if span.origin.source == "answer")
    return LeavingParts(tuple(span for span in spans if span not in gone), tuple(files), answers)
