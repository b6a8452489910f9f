"""A conversation so far in the next prompt: as spans for a provider, as messages for the local model.

For a provider, the spans of earlier turns come first, each with its origin and without our own words. For the
local model, each message is laid out as it was before, so that the prompt only grows and the model computes
only what is new. If its window is full, the oldest turns are left out, but not the code of the first one.
This module runs no model.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from typing import Protocol

from assist_completion.inference.conversation import Conversation, Turn
from assist_context.documents import CHARS_PER_TOKEN
from assist_context.evidence.mentions import find_names
from assist_escalation.prompts import Origin, Prompt, Span, lay_out_plainly
from assist_server.threads.thread import Thread, ThreadTurn, derived_origins

# Tokens of earlier turns that a provider is sent: about thirty short answers with their code, for some cents.
MAX_TOKENS = 16_000
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
MAX_MEANT = 4  # names of earlier turns that a further question may mean
_POINTING = frozenset({"it", "its", "that", "this", "these", "those", "them", "they"})
_SMALL_WORDS = frozenset(_WORD.findall(_SMALL))


@dataclass(frozen=True, slots=True)
class EarlierTurns:
    """The spans of a conversation so far, and how many of its turns they leave out."""

    spans: tuple[Span, ...] = ()
    left_out: int = 0


def earlier_turns(thread: Thread | None, count: int = 0) -> EarlierTurns:
    """The spans of a conversation so far, without the first `count` turns, or more if it is very long.

    The code of the first turn is kept. An answer has the origins of all that its model was shown.
    """
    if thread is None or not thread.turns:
        return EarlierTurns()
    parts = [_list_spans(thread, at) for at in range(len(thread.turns))]
    first = thread.turns[0].evidence
    most = MAX_TOKENS * CHARS_PER_TOKEN
    while count < len(parts):
        note = tuple(span for part in parts[count:] for span in part)
        spans = note if count == 0 else (*first, *note)
        if sum(len(span.text) for span in spans) <= most:
            return EarlierTurns(spans, count)
        count += 1
    return EarlierTurns(first, count)


def _list_spans(thread: Thread, at: int) -> tuple[Span, ...]:
    turn = thread.turns[at]
    words = tuple(span for span in turn.spans if span.origin.source != "assist")
    spans_before = tuple(span for earlier in thread.turns[: at + 1] for span in earlier.spans)
    reply = Span(turn.answer, Origin("answer", derived=derived_origins(spans_before)))
    return (*words, reply) if turn.answer.strip() else words


def asks_for_more(words: str) -> bool:
    """Return whether a further question needs more code: it is about something, not just "Why?" or "Shorter".

    >>> [asks_for_more(words) for words in ("And why is that?", "who calls that?", "where are taxes added?")]
    [False, True, True]
    """
    every = _WORD.findall(words.lower())
    fit = [word for word in every if word not in _SMALL_WORDS]
    if len(fit) == 1 and not _POINTING.isdisjoint(every):
        return True
    return len(fit) > 1 or bool(find_names(words)) or bool(_PATH.search(words))


def add_meant_names(words: str, thread: Thread | None) -> str:
    """The words of a further question, with the names that were spoken of last if it has none itself.

    "And which function reads it?" is searched for with the setting that the first question named.
    """
    if thread is None or find_names(words):
        return words
    texts = [text for turn in reversed(thread.turns) for text in (turn.words, turn.answer)]
    names = list(dict.fromkeys(name.text for text in texts for name in find_names(text)))
    return " ".join([words, *(f"`{name}`" for name in names[:MAX_MEANT])])


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
    """Return what the user must know about turns that are left out of a prompt."""
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
    spans_before = [span for turn in _read_turns(thread) for span in turn.evidence]
    return tuple(span for span in spans if not any(covers(earlier, span) for earlier in spans_before))


def _read_turns(thread: Thread) -> tuple[ThreadTurn, ...]:
    """The turns whose code the local model still reads."""
    return (*thread.turns[:1], *thread.turns[max(1, thread.dropped) :])


def covers(spans_before: Span, span: Span) -> bool:
    """Return whether a piece of the same file, in the same version, shows all of these lines."""
    one, other = spans_before.origin, span.origin
    if (one.root, one.path, one.blob) != (other.root, other.path, other.blob):
        return False
    return spans_before.text == span.text or (
        not one.outline and one.first <= other.first and other.last <= one.last
    )


MARKS = 16  # tokens of the chat template's own marks around a message
# The share of the room that a full window is emptied to. Then the prompt is read again from the first code
# on, so that must be rare.
EMPTIED = 0.6


class Reader(Protocol):
    """The model that reads a conversation."""

    @property
    def model(self) -> str: ...

    @property
    def window(self) -> int: ...

    def count(self, text: str) -> int: ...


@dataclass(frozen=True, slots=True)
class FittedConversation:
    """A conversation that fits: without the first `dropped` turns, and `lost` pieces of the first code.

    `spans` come from its last turn.
    """

    conversation: Conversation
    spans: tuple[Span, ...]
    dropped: int = 0
    lost: int = 0


def fit_conversation(
    thread: Thread | None, prompt: Prompt, most: int, reader: Reader, *, lose: bool = False
) -> FittedConversation | None:
    """The conversation with `prompt` as its next turn; None if it is too long with `most` tokens of answer.

    With `lose`, the code of the first turn is cut from its end if nothing else helps.
    """
    count = cache(reader.count)
    room = reader.window - most
    turns = thread.turns if thread else ()
    first_turn = thread.dropped if thread else 0
    first = turns[0].evidence if turns else ()

    def size_of(conversation: Conversation) -> int:
        return sum(count(turn.text) + MARKS for turn in conversation.turns())

    fit = _conversation(turns, first_turn, first, prompt, most)
    if size_of(fit) > room:
        while first_turn < len(turns) and size_of(fit) > EMPTIED * room:
            first_turn += 1
            fit = _conversation(turns, first_turn, first, prompt, most)
    spans = len(first)
    while lose and spans and size_of(fit) > room:
        spans -= 1
        fit = _conversation(turns, first_turn, first[:spans], prompt, most)
    if size_of(fit) > room:
        return None
    return FittedConversation(fit, prompt.spans, first_turn, len(first) - spans)


def _conversation(
    turns: Sequence[ThreadTurn], first_turn: int, first: tuple[Span, ...], prompt: Prompt, most: int
) -> Conversation:
    """The messages of the turns that are not dropped, and then of the prompt."""
    system = lay_out_plainly(Prompt(prompt.command, turns[0].spans if turns else prompt.spans)).system
    history: list[Turn] = []
    # What was dropped, or cut, is no longer where it was: the code that is kept then opens the next message.
    opening = first if first_turn else ()
    for at, turn in enumerate(turns):
        if at < first_turn:
            continue
        spans = turn.spans
        if at == 0:
            spans = tuple(span for span in spans if span.origin.source != "file" or span in first)
        history += [
            Turn("user", _message(turn.command, (*opening, *spans), system)),
            Turn("assistant", turn.answer),
        ]
        opening = ()
    user = _message(prompt.command, (*opening, *prompt.spans), system)
    return Conversation(system, user, most, tuple(history))


def _message(command: str, spans: tuple[Span, ...], system: str) -> str:
    """One message of the user; it says what to do where that is not what the conversation began with."""
    layout = lay_out_plainly(Prompt(command, spans))
    return layout.user if layout.system == system else f"{layout.system}\n\n{layout.user}"


def window_notices(thread: Thread | None, fit: FittedConversation, model: str) -> list[str]:
    """Return what the user must know about what no longer fits."""
    if thread is None or not thread.turns or (fit.dropped <= thread.dropped and not fit.lost):
        return []
    pieces = len(thread.turns[0].evidence)
    spans = " The code of the first one is kept." if pieces else ""
    if fit.lost:
        spans = f" Of the code of the first one, {fit.lost} of {pieces} pieces no longer fit."
    gone = f"its first {fit.dropped} of {len(thread.turns)} questions and answers"
    return [f"This conversation is longer than {model} can read: it no longer sees {gone}.{spans}"]
