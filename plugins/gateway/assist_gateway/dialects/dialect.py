"""The dialects by the path of a request: what a body is made to ask for, and who reads the answer.

What is in a body is in `bodies`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from assist_escalation.egress.exchange import ReadAnswer
from assist_escalation.policy.endpoints import Dialect
from assist_gateway.dialects.answers import ReaderContext
from assist_gateway.dialects.bodies import body_table, plain_text
from assist_gateway.dialects.chat_answers import ChatAnswer
from assist_gateway.dialects.messages_answers import MessagesAnswer
from assist_gateway.dialects.responses_answers import ResponsesAnswer

LIMITS = ("max_completion_tokens", "max_tokens")  # of a chat: names of the same limit, the newer one first
_LEAST_BUDGET = 1024  # tokens of what a model thinks, by the documentation of the dialect of messages
_THOUGHTS = ("reasoning", "thinking", "chat_template_kwargs")  # fields with settings of what a model thinks
_NOT_COUNTED = re.compile(r"(?!(?:messages|model|system|tools|tool_choice|thinking|cache_control)\Z)")


class AnswerReader(Protocol):
    """Reads one answer: its events, or the whole of it, and then what it counts."""

    def event(self, data: str) -> list[str]:
        """The events that the tool gets for one of the provider's; the empty text is its end."""

    def whole(self, answer: dict[str, Any]) -> dict[str, Any]:
        """An answer that is not streamed, as the tool gets it."""

    def read(self) -> ReadAnswer:
        """What it counts."""


@dataclass(frozen=True, slots=True)
class OutputBound:
    """The most tokens that a body is made to ask for, and how the provider takes that limit.

    `usage`: the provider can be asked for counts in a stream. `proved`: it has answered to that name of the
    limit, after it refused another one; else the tool's own name is used.
    """

    max_output: int
    limit: str = "max_tokens"
    usage: bool = True
    proved: bool = False


@dataclass(frozen=True, slots=True)
class SpokenDialect:
    """How a dialect is spoken.

    `bound` makes a body ask for at most so many tokens, and for nothing that is kept. `reader` gets what an
    answer is read with, the bytes of the request, and whether the tool asked for counts. `trim` leaves out
    what is empty in a message, as a line of ours is that came back, and returns whether anything is left of
    it. `named`: whether events have their type as a name. `free`: the provider charges nothing.
    """

    name: Dialect
    path: str
    bound: Callable[[dict[str, Any], OutputBound], None]
    reader: Callable[[ReaderContext, int, bool], AnswerReader]
    trim: Callable[[dict[str, Any]], bool] = lambda _: True
    named: bool = True
    free: bool = False

    @property
    def history(self) -> str:
        """The field that grows with a conversation."""
        return body_table(self.name).history


def _bound_chat(body: dict[str, Any], to: OutputBound) -> None:
    names = [name for name in LIMITS if name in body]
    for name in names:
        del body[name]
    body[to.limit if to.proved or not names else names[0]] = to.max_output
    bound_budgets(body, to.max_output)
    if "store" in body:
        body["store"] = False
    if not to.usage:
        body.pop("stream_options", None)
    elif body.get("stream"):
        options = body.get("stream_options")
        body["stream_options"] = {**(options if isinstance(options, dict) else {}), "include_usage": True}


def _bound_messages(body: dict[str, Any], to: OutputBound) -> None:
    body["max_tokens"] = to.max_output
    bound_budgets(body, to.max_output, least=_LEAST_BUDGET)


def _bound_count(body: dict[str, Any], to: OutputBound) -> None:
    """Make the body ask for a count alone."""
    del to
    for name in filter(_NOT_COUNTED.match, list(body)):
        del body[name]


def _bound_response(body: dict[str, Any], to: OutputBound) -> None:
    body["max_output_tokens"] = to.max_output
    bound_budgets(body, to.max_output)
    body["store"] = False


def bound_budgets(body: dict[str, Any], most: int, *, least: int = 0) -> None:
    """Make every budget for what a model thinks less than `most` tokens, the limit of the answer.

    One that is more, or no number, becomes half of `most`, but at least `least`.

    >>> bound_budgets(body := {"reasoning": {"max_tokens": 9_000, "effort": "low"}}, 100)
    >>> body
    {'reasoning': {'max_tokens': 50, 'effort': 'low'}}
    """
    inside = [body[name] for name in _THOUGHTS if isinstance(body.get(name), dict)]
    for holder in (body, *inside):
        for name, value in holder.items():
            is_budget = "budget" in name or (holder is not body and "tokens" in name)
            if is_budget and value is not None and not (isinstance(value, int) and 0 <= value < most):
                holder[name] = max(least, most // 2)


def _trim_message(message: dict[str, Any]) -> bool:
    """Leave out the blocks without a text."""
    content = message.get("content")
    if isinstance(content, list):
        message["content"] = [block for block in content if block.get("text") != ""]
    return True


def _trim_item(item: dict[str, Any]) -> bool:
    """Whether an item is more than a line of ours that came back, and is empty now."""
    return item.get("role") != "assistant" or bool(plain_text(item.get("content")))


def _messages_reader(context: ReaderContext, sent: int, usage: bool) -> AnswerReader:
    del usage
    return MessagesAnswer(context, sent)


def _responses_reader(context: ReaderContext, sent: int, usage: bool) -> AnswerReader:
    del usage
    return ResponsesAnswer(context, sent)


_COUNT = "/messages/count_tokens"
_DIALECTS = (
    SpokenDialect("chat", "/chat/completions", _bound_chat, ChatAnswer, named=False),
    SpokenDialect("messages", "/messages", _bound_messages, _messages_reader, _trim_message),
    SpokenDialect("messages", _COUNT, _bound_count, _messages_reader, _trim_message, free=True),
    SpokenDialect("responses", "/responses", _bound_response, _responses_reader, _trim_item),
)
DIALECTS: Mapping[str, SpokenDialect] = {f"/v1{dialect.path}": dialect for dialect in _DIALECTS}
