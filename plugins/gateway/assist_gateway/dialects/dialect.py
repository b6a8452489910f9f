"""The dialects by the path of a request: how a body is read and bounded, and who reads the answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from assist_escalation.egress.exchange import ReadAnswer
from assist_escalation.policy.endpoints import Dialect
from assist_gateway.dialects import chat_completions, messages, responses
from assist_gateway.dialects.answers import ReaderContext
from assist_gateway.dialects.bodies import InspectedBody, OutputBound
from assist_gateway.dialects.chat_answers import ChatAnswer
from assist_gateway.dialects.messages_answers import MessagesAnswer
from assist_gateway.dialects.responses_answers import ResponsesAnswer


class AnswerReader(Protocol):
    """Reads one answer: its events, or the whole of it, and then what it counts."""

    def event(self, data: str) -> list[str]:
        """The events that the tool gets for one of the provider's; the empty text is its end."""

    def whole(self, answer: dict[str, Any]) -> dict[str, Any]:
        """An answer that is not streamed, as the tool gets it."""

    def read(self) -> ReadAnswer:
        """What it counts."""


@dataclass(frozen=True, slots=True)
class SpokenDialect:
    """How a dialect is spoken. `history` is the field that grows with a conversation.

    `reader` gets what an answer is read with, the bytes of the request, and its body as the tool sent it.
    `named`: whether events have their type as a name. `free`: the provider charges nothing. `drop` leaves out
    what only the provider can read, unless a function knows it. `trim` leaves out what is empty in a message,
    as a line of ours is that came back, and returns whether anything is left of it.
    """

    name: Dialect
    path: str
    history: str
    inspect: Callable[[dict[str, Any], bool], InspectedBody]
    bound: Callable[[dict[str, Any], OutputBound], None]
    reader: Callable[[ReaderContext, int, bool], AnswerReader]
    named: bool = False
    free: bool = False
    drop: Callable[[dict[str, Any], Callable[[str], bool]], None] | None = None
    trim: Callable[[dict[str, Any]], bool] = lambda _: True


def _chat_reader(context: ReaderContext, sent: int, usage: bool) -> AnswerReader:
    return ChatAnswer(context, sent, usage=usage)


def _messages_reader(context: ReaderContext, sent: int, usage: bool) -> AnswerReader:
    del usage
    return MessagesAnswer(context, sent)


def _responses_reader(context: ReaderContext, sent: int, usage: bool) -> AnswerReader:
    del usage
    return ResponsesAnswer(context, sent)


DIALECTS: Mapping[str, SpokenDialect] = {
    "/v1/chat/completions": SpokenDialect(
        "chat",
        "/chat/completions",
        "messages",
        chat_completions.inspect,
        chat_completions.bound,
        _chat_reader,
    ),
    "/v1/messages": SpokenDialect(
        "messages",
        "/messages",
        "messages",
        messages.inspect,
        messages.bound,
        _messages_reader,
        named=True,
        drop=messages.drop_unknown_thoughts,
        trim=messages.trim,
    ),
    "/v1/messages/count_tokens": SpokenDialect(
        "messages",
        "/messages/count_tokens",
        "messages",
        messages.inspect,
        messages.bound_count,
        _messages_reader,
        named=True,
        free=True,
        drop=messages.drop_unknown_thoughts,
        trim=messages.trim,
    ),
    "/v1/responses": SpokenDialect(
        "responses",
        "/responses",
        "input",
        responses.inspect,
        responses.bound,
        _responses_reader,
        named=True,
        drop=responses.drop_unknown_thoughts,
        trim=responses.trim,
    ),
}
