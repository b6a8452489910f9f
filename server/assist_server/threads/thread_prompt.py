"""A conversation so far as spans for the next prompt, each with its origin.

Our own words of earlier turns are not part of it, since each prompt has its own. This module counts
characters, not tokens, and knows no model.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from assist_context.documents import CHARS_PER_TOKEN
from assist_context.evidence.mentions import names_in
from assist_escalation.prompts import Origin, Span
from assist_server.threads.thread import Thread, ThreadTurn, derived_origins

# Tokens of earlier turns that a provider is sent: about thirty short answers with their code, for some cents.
MOST_TOKENS = 16_000
NOTE = (
    "The conversation so far comes first: earlier questions of the person, code, and earlier answers. "
    "Answer only what comes last."
)

_WORD = re.compile(r"\w+")
_PATH = re.compile(r"\w[./]\w")
# Words that say nothing about which code is meant.
_SMALL = """
    a about again an and are but can could detail details do does example explain for give how i in is it its
    less me mean more no not of on or please say shorter simpler so tell that the then these this to was what
    when which why with yes you
"""
_SMALL_WORDS = frozenset(_WORD.findall(_SMALL))


@dataclass(frozen=True, slots=True)
class EarlierTurns:
    """The spans of a conversation so far, and how many of its turns they leave out."""

    spans: tuple[Span, ...] = ()
    left_out: int = 0


def earlier_turns(thread: Thread | None, dropped: int = 0) -> EarlierTurns:
    """The spans of a conversation so far, without the first `dropped` turns, or more if it is very long.

    The code of the first turn is kept. An answer has the origins of all that its model was shown.
    """
    if thread is None or not thread.turns:
        return EarlierTurns()
    parts = [_spans_of(thread, at) for at in range(len(thread.turns))]
    first = thread.turns[0].evidence
    most = MOST_TOKENS * CHARS_PER_TOKEN
    while dropped < len(parts):
        kept = tuple(span for part in parts[dropped:] for span in part)
        spans = kept if dropped == 0 else (*first, *kept)
        if sum(len(span.text) for span in spans) <= most:
            return EarlierTurns(spans, dropped)
        dropped += 1
    return EarlierTurns(first, dropped)


def _spans_of(thread: Thread, at: int) -> tuple[Span, ...]:
    turn = thread.turns[at]
    said = tuple(span for span in turn.spans if span.origin.source != "assist")
    shown = tuple(span for each in thread.turns[: at + 1] for span in each.spans)
    answered = Span(turn.answer, Origin("answer", derived=derived_origins(shown)))
    return (*said, answered) if turn.answer.strip() else said


def asks_for_more(words: str) -> bool:
    """Whether a further question needs more code: it is about something, not just "Why?" or "Shorter".

    >>> asks_for_more("And why is that?"), asks_for_more("where are taxes added?")
    (False, True)
    """
    found = [word for word in _WORD.findall(words.lower()) if word not in _SMALL_WORDS]
    return len(found) > 1 or bool(names_in(words)) or bool(_PATH.search(words))


def joined_spans(earlier: EarlierTurns, turn: Sequence[Span]) -> tuple[Span, ...]:
    """The whole prompt of a turn: our own words, then the conversation so far, then what is new."""
    if not earlier.spans:
        return tuple(turn)
    own = opening_words(turn)
    return (*own, Span(NOTE, Origin("assist")), *earlier.spans, *turn[len(own) :])


def opening_words(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Our own words before anything else: what a system message says."""
    return tuple(takewhile(lambda span: span.origin.source == "assist", spans))


def earlier_notes(earlier: EarlierTurns) -> tuple[str, ...]:
    """What the user must know about turns that are left out of a prompt."""
    if not earlier.left_out:
        return ()
    return (
        f"This conversation is long: its first {earlier.left_out} questions and answers are left out, and "
        "the code of the first one is kept.",
    )


def unseen(spans: Sequence[Span], thread: Thread | None) -> tuple[Span, ...]:
    """The spans that show something which the conversation has not shown yet, as its files are now."""
    if thread is None:
        return tuple(spans)
    shown = [span for turn in _read_turns(thread) for span in turn.evidence]
    return tuple(span for span in spans if not any(covers(each, span) for each in shown))


def _read_turns(thread: Thread) -> tuple[ThreadTurn, ...]:
    """The turns whose code the local model still reads."""
    return (*thread.turns[:1], *thread.turns[max(1, thread.dropped) :])


def covers(shown: Span, span: Span) -> bool:
    """Whether a piece of the same file, in the same version, shows all of these lines."""
    one, other = shown.origin, span.origin
    if (one.root, one.path, one.blob) != (other.root, other.path, other.blob):
        return False
    return shown.text == span.text or (
        not one.outline and one.first <= other.first and other.last <= one.last
    )
