"""A conversation for the local model, within its window, as a prompt that only grows from turn to turn.

Each message is laid out as it was before, so the model computes only what is new. If the window is full, the
oldest turns are left out, but not the code of the first one. This module runs no model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from assist_completion.inference.conversation import Conversation, Turn
from assist_escalation.prompts import Prompt, Span, lay_out_plainly
from assist_server.threads.thread import Thread, ThreadTurn

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

    `spans` are those of its last turn.
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
    dropped = thread.dropped if thread else 0
    first = turns[0].evidence if turns else ()

    def size_of(conversation: Conversation) -> int:
        return sum(count(turn.text) + MARKS for turn in conversation.turns())

    found = _conversation(turns, dropped, first, prompt, most)
    if size_of(found) > room:
        while dropped < len(turns) and size_of(found) > EMPTIED * room:
            dropped += 1
            found = _conversation(turns, dropped, first, prompt, most)
    kept = len(first)
    while lose and kept and size_of(found) > room:
        kept -= 1
        found = _conversation(turns, dropped, first[:kept], prompt, most)
    if size_of(found) > room:
        return None
    return FittedConversation(found, prompt.spans, dropped, len(first) - kept)


def _conversation(
    turns: Sequence[ThreadTurn], dropped: int, first: tuple[Span, ...], prompt: Prompt, most: int
) -> Conversation:
    """The messages of the turns that are not dropped, and then of the prompt."""
    system = lay_out_plainly(Prompt(prompt.command, turns[0].spans if turns else prompt.spans)).system
    history: list[Turn] = []
    # What was dropped, or cut, is no longer where it was: the code that is kept then opens the next message.
    opening = first if dropped else ()
    for at, turn in enumerate(turns):
        if at < dropped:
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
    laid = lay_out_plainly(Prompt(command, spans))
    return laid.user if laid.system == system else f"{laid.system}\n\n{laid.user}"


def window_notices(thread: Thread | None, found: FittedConversation, model: str) -> list[str]:
    """What the user must know about what no longer fits."""
    if thread is None or not thread.turns or (found.dropped <= thread.dropped and not found.lost):
        return []
    pieces = len(thread.turns[0].evidence)
    kept = " The code of the first one is kept." if pieces else ""
    if found.lost:
        kept = f" Of the code of the first one, {found.lost} of {pieces} pieces no longer fit."
    gone = f"its first {found.dropped} of {len(thread.turns)} questions and answers"
    return [f"This conversation is longer than {model} reads, which no longer sees {gone}.{kept}"]
