"""`/v1/chat/completions` by the model of this machine, whole or as a stream. Nothing leaves.

What that model cannot do, such as calling tools or looking at images, is refused in words that say so.
"""

import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace
from typing import Any

from assist_completion.errors import CompletionError, TooLongError
from assist_completion.inference.conversation import Conversation, LocalAnswer, Turn
from assist_gateway.fields import count_of, flag_of, plain, stops_of, unable, wrong
from assist_gateway.foreign_request import (
    STREAM_HEADERS,
    ForeignRequest,
    ForeignResponse,
    GatewayRefusal,
    event_bytes,
    json_response,
    refusal_document,
    usage_of,
)
from assist_gateway.local_models import LocalModels

USUAL_TOKENS = 1024  # of an answer, where the tool says nothing
LEAST_TOKENS = 64  # of an answer that is still worth giving where the question leaves little room
ELSEWHERE = "choose a provider's model, or leave it out"

_ROLES = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}


@dataclass(frozen=True, slots=True)
class LocalCall:
    """A question and the form of its answer."""

    conversation: Conversation
    stops: tuple[str, ...]
    streams: bool
    usage: bool  # whether a stream ends with the counts


async def chat(request: ForeignRequest, models: LocalModels) -> ForeignResponse:
    """Answer. Raises `GatewayRefusal`, and `ModelError`."""
    call = local_call(request.body)
    head = {"id": f"chatcmpl-{secrets.token_hex(12)}", "created": int(time.time()), "model": models.answering}
    answer = LocalStream(models, call)
    stream = answer.pieces()
    first = await anext(stream, "")  # what goes wrong goes wrong before this
    if call.streams:
        return ForeignResponse(200, STREAM_HEADERS, _events(head, call, answer, stream, first))
    async with aclosing(stream):
        text = first + "".join([piece async for piece in stream])
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text, "refusal": None},
        "logprobs": None,
        "finish_reason": answer.finish,
    }
    return json_response(
        {**head, "object": "chat.completion", "choices": [choice], "usage": usage_of(answer.result.tokens)}
    )


def local_call(body: Mapping[str, Any]) -> LocalCall:
    """The question of a request. Raises `GatewayRefusal` for what the local model cannot do."""
    _refuse_unable(body)
    turns = _turns(body.get("messages"))
    system = "\n\n".join(turn.text for turn in turns if turn.role == "system")
    history = [turn for turn in turns if turn.role != "system"]
    if not history or history[-1].role != "user":
        raise wrong("messages", "a conversation whose last message is the user's")
    most = count_of(body, "max_completion_tokens") or count_of(body, "max_tokens") or USUAL_TOKENS
    conversation = Conversation(system, history[-1].text, most, tuple(history[:-1]), **_drawing(body))
    options = body.get("stream_options")
    usage = isinstance(options, dict) and options.get("include_usage") is True
    return LocalCall(conversation, stops_of(body), flag_of(body, "stream"), usage)


class StopTexts:
    r"""What may be given of a text that comes in pieces, up to the first of several texts, without that.

    >>> stops = StopTexts(["\n\n"])
    >>> stops.add("a\n"), stops.add("b\n\nc"), stops.hit, stops.rest()
    ('a', '\nb', True, '')
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self.hit = False
        self._stops = tuple(stops)
        self._held = ""

    def add(self, piece: str) -> str:
        """What may be given now: all but a possible beginning of a stop."""
        if self.hit:
            return ""
        text = self._held + piece
        ends = [at for at in map(text.find, self._stops) if at >= 0]
        if ends:
            self.hit = True
            self._held = ""
            return text[: min(ends)]
        size = max((_overlap(text, stop) for stop in self._stops), default=0)
        self._held = text[len(text) - size :]
        return text[: len(text) - size]

    def rest(self) -> str:
        """What was held at the end of the text."""
        held, self._held = self._held, ""
        return held


def _overlap(text: str, stop: str) -> int:
    """How long an ending of the text is that begins the stop."""
    longest = min(len(text), len(stop) - 1)
    return next((size for size in range(longest, 0, -1) if stop.startswith(text[-size:])), 0)


class LocalStream:
    """One answer of the local model while it is written; read `result` and `finish` after its end."""

    def __init__(self, models: LocalModels, call: LocalCall) -> None:
        self.result = LocalAnswer("", "cancelled")
        self.finish = "stop"
        self._models = models
        self._call = call

    async def pieces(self) -> AsyncGenerator[str, None]:
        """The text, piece by piece, up to a stop. Closing it stops the model. Raises `GatewayRefusal`."""
        stops = StopTexts(self._call.stops)
        conversation = self._call.conversation
        async with self._models.answerer() as answerer, AsyncExitStack() as stack:
            while True:
                stream = await stack.enter_async_context(aclosing(answerer.answer(conversation)))
                try:
                    await stream.unread()
                    async for piece in stream:
                        if given := stops.add(piece):
                            yield given
                        if stops.hit:
                            break
                except TooLongError as error:
                    conversation = _shorter(conversation, error.excess)
                    continue
                break
            await stream.aclose()
            self.result = stream.result
            if rest := stops.rest():
                yield rest
        cut = self.result.ended in ("length", "loop") and not stops.hit
        self.finish = "length" if cut else "stop"


async def _events(
    head: Mapping[str, Any],
    call: LocalCall,
    answer: LocalStream,
    stream: AsyncGenerator[str, None],
    first: str,
) -> AsyncIterator[bytes]:
    def event(delta: Mapping[str, str], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return event_bytes({**head, "object": "chat.completion.chunk", "choices": [choice]})

    async with aclosing(stream):
        yield event({"role": "assistant", "content": first})
        try:
            async for piece in stream:
                yield event({"content": piece})
        except CompletionError as error:
            yield event_bytes(refusal_document("", GatewayRefusal(503, "unavailable", str(error))))
            return
    yield event({}, answer.finish)
    if call.usage:
        counts = {
            **head,
            "object": "chat.completion.chunk",
            "choices": [],
            "usage": usage_of(answer.result.tokens),
        }
        yield event_bytes(counts)
    yield b"data: [DONE]\n\n"


def _shorter(conversation: Conversation, excess: int) -> Conversation:
    """The same with a shorter answer, so that it fits. Raises `GatewayRefusal` where none does."""
    left = conversation.max_tokens - excess
    if left < min(LEAST_TOKENS, conversation.max_tokens):
        raise GatewayRefusal(
            400,
            "context_length_exceeded",
            f"The conversation is {excess} tokens too long for the local model: shorten it, or ask a "
            "provider.",
        )
    return replace(conversation, max_tokens=left)


def _refuse_unable(body: Mapping[str, Any]) -> None:
    for name in ("tools", "functions"):
        if body.get(name):
            raise unable("tool calls", ELSEWHERE)
    kind = body.get("response_format")
    if isinstance(kind, dict) and kind.get("type", "text") != "text":
        raise unable("answers in a given form (response_format)", ELSEWHERE)
    if body.get("n") not in (None, 1):
        raise unable("several answers to a question", "leave out n")
    if body.get("logprobs") or body.get("top_logprobs"):
        raise unable("logprobs", "leave them out")
    if body.get("modalities") not in (None, ["text"]) or body.get("audio"):
        raise unable("sound and images", ELSEWHERE)


def _turns(messages: Any) -> Sequence[Turn]:
    if not isinstance(messages, list) or not messages:
        raise wrong("messages", "a list of messages")
    turns = []
    for message in messages:
        role = message.get("role") if isinstance(message, dict) else None
        if role in ("tool", "function") or (isinstance(message, dict) and message.get("tool_calls")):
            raise unable("tool calls", ELSEWHERE)
        if role not in _ROLES:
            raise wrong("role", "one of system, developer, user and assistant")
        turns.append(Turn(_ROLES[role], _content(message.get("content"))))  # type: ignore[arg-type]
    return turns


def _content(content: Any) -> str:
    """The text of a message, which may come in parts."""
    if content is None:
        return ""
    if isinstance(content, str):
        return plain(content)
    if not isinstance(content, list):
        raise wrong("content", "a text or a list of parts")
    texts = []
    for part in content:
        if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
            raise unable("images, sound and files", "send text, or choose a provider's model")
        texts.append(plain(part["text"]))
    return "\n".join(texts)


def _drawing(body: Mapping[str, Any]) -> dict[str, Any]:
    """How the tokens are drawn; without a temperature the likeliest are taken."""
    value = body.get("temperature")
    if value is None:
        return {}
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 2:
        raise wrong("temperature", "a number from 0 to 2")
    seed = body.get("seed")
    known = isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0
    return {"temperature": float(value), "seed": seed if known else secrets.randbelow(1 << 31)}
