"""Splits a stream into events of a chat completion, and decides whether its token counts can be true.

They come from a server that we do not trust: an unexpected shape is a `Fault`, and whatever arrives, at most
one event and a little more is held. This module knows no socket and no prices.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from assist_escalation.prompts import Usage
from assist_escalation.provider.failures import Fault, describe, refusal

# What a model reads and writes in one call has to fit its context window, hidden instructions and reasoning
# too. The largest windows on sale hold one to two million tokens; a larger count is no count.
MAX_TOKENS = 2_000_000
# Tokens of code and prose are 3 to 4 bytes long on average. No text in use comes near this mean.
MAX_BYTES_A_TOKEN = 64
MAX_ADDED = 20_000  # tokens of instructions that a provider may add to what was sent

_NAME = re.compile(r"[^A-Za-z0-9_.:/@+-]+")
_NAME_LENGTH = 128
_TOOLS = frozenset({"tool_calls", "function_call"})


@dataclass(frozen=True, slots=True)
class ChatEvent:
    """The part that an event adds to the answer. `finish` and `model` are "" if it has none.

    `finish` is the provider's word for why the text ends, in lower case: `stop`, `length`,
    `content_filter`. `usage` holds its token counts, unchecked.
    """

    text: str = ""
    finish: str = ""
    model: str = ""
    usage: dict[str, Any] | None = None

    def after(self, before: "ChatEvent") -> "ChatEvent":
        """Both events merged, without the text."""
        return ChatEvent(
            finish=self.finish or before.finish,
            model=self.model or before.model,
            usage=self.usage if self.usage is not None else before.usage,
        )


def read(data: str) -> ChatEvent:
    """The event `data`. Raises `Fault` for an error, a tool call, or anything of another shape.

    >>> read('{"model": "m", "choices": [{"delta": {"content": "Hello"}, "finish_reason": null}]}')
    ChatEvent(text='Hello', finish='', model='m', usage=None)
    """
    event = read_event(data)
    if event.get("error"):
        raise _read_fault(data.encode("utf-8", "replace"))
    text, finish = "", ""
    for choice in expect(event.get("choices"), list):
        delta_text, why = _choice(expect(choice, dict))
        text, finish = text + delta_text, why or finish
    usage = event.get("usage")
    return ChatEvent(text, finish, clean_name(event.get("model")), usage if isinstance(usage, dict) else None)


def _choice(choice: dict[str, Any]) -> tuple[str, str]:
    """The text and the finish reason of the only choice that we ask for."""
    if choice.get("index") not in (None, 0):
        raise Fault("bad-reply", "the answer has more choices than the one that was asked for")
    delta = expect(choice.get("delta"), dict)
    finish = clean_name(choice.get("finish_reason")).lower()
    if delta.get("tool_calls") or delta.get("function_call") or finish in _TOOLS:
        raise Fault("bad-reply", "the model called a tool, although it was given none")
    refusal_text = expect(delta.get("refusal"), str)
    return expect(delta.get("content"), str) + refusal_text, "content_filter" if refusal_text else finish


def reported_usage(counts: dict[str, Any] | None, *, size: int, wrote: int, most: int) -> Usage | None:
    """The provider's counts as disjoint classes of tokens, or None if it reports none.

    `size` and `wrote` count the prompt's bytes and the answer's, `most` is the limit of its tokens. Reasoning
    is part of the output, and may be far more than what is shown. Fewer tokens than a text of that length has
    cannot be true, nor can more than the limit, or more than bytes were sent, but for `MAX_ADDED`.
    Counts that cannot all be true are `estimated`, and only those that are possible by themselves are kept:
    they may say that a call cost more than it seems, and never that it cost less.

    >>> reported_usage({"prompt_tokens": 30, "completion_tokens": 5}, size=90, wrote=9, most=50)
    Usage(input=30, cache_read=0, cache_write=0, output=5, estimated=False)
    >>> reported_usage({"prompt_tokens": -1, "completion_tokens": 20_000}, size=90, wrote=9, most=50)
    Usage(input=0, cache_read=0, cache_write=0, output=20000, estimated=True)
    """
    if counts is None:
        return None
    details = counts.get("prompt_tokens_details")
    details = details if isinstance(details, dict) else {}
    prompt = _count(counts.get("prompt_tokens"))
    output = _count(counts.get("completion_tokens"))
    hit = _count(details.get("cached_tokens") or 0)
    stored_tokens = _count(details.get("cache_write_tokens") or 0)
    if prompt is not None and output is not None and hit is not None and stored_tokens is not None:
        fits = 0 < prompt <= min(MAX_TOKENS - output, size + MAX_ADDED) and hit + stored_tokens <= prompt
        fits = fits and output <= most
        if fits and prompt * MAX_BYTES_A_TOKEN >= size and output * MAX_BYTES_A_TOKEN >= wrote:
            return Usage(
                input=prompt - hit - stored_tokens, cache_read=hit, cache_write=stored_tokens, output=output
            )
    possible = [prompt or 0, hit or 0, stored_tokens or 0]
    reported = Usage(input=max(possible), output=output or 0, estimated=True)
    return reported if reported.input or reported.output else None


def finish_reason(so_far: ChatEvent, foreign: bytes, *, is_done: bool, wrote: bool) -> str:
    """Return why a stream ended. Raises `Fault` if it was cut off or had no answer."""
    if foreign:
        raise _read_fault(foreign)
    if so_far.finish:
        return so_far.finish
    if not is_done:
        raise Fault("bad-reply", "the answer was cut off")
    if not wrote:
        raise Fault("bad-reply", "the answer is empty")
    return "unknown"


def _read_fault(error: bytes) -> Fault:
    """The fault for an error object under status 200, or for anything else in place of an answer."""
    fault = refusal(0, error)
    if fault.says.strip():
        return Fault(fault.kind, describe(fault))
    return Fault("bad-reply", "it does not speak OpenAI's protocol: check base_url")


def _count(value: Any) -> int | None:
    """A number of tokens, or None if it cannot be one."""
    return value if type(value) is int and 0 <= value <= MAX_TOKENS else None


def clean_name(value: Any) -> str:
    """A name that a server gives, without characters that no model has."""
    return _NAME.sub("", value)[:_NAME_LENGTH] if isinstance(value, str) else ""


def read_event(data: str) -> dict[str, Any]:
    """The object of an event. Raises `Fault` for anything else."""
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        raise Fault("bad-reply", "an event of the answer is not JSON") from None
    if not isinstance(event, dict):
        raise Fault("bad-reply", "an event of the answer is not an object")
    return event


def expect(value: Any, kind: type[Any]) -> Any:
    """`value` if it has this type, an empty one for null. Anything else raises `Fault`."""
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise Fault("bad-reply", "an event of the answer does not have the shape that its protocol defines")
    return value


# One token on a line takes 200 to 400 bytes at the large providers; hidden reasoning may add more.
BYTES_PER_TOKEN = 1024
SLACK_BYTES = 1 << 20
# Servers that do not really stream send the whole answer in one line: 131,072 tokens are about half this.
LINE_BYTES = 1 << 20
# Bytes of an answer that is no event stream: enough to read an error object.
FOREIGN_BYTES = 1 << 16

_LINE_END = re.compile(rb"\r\n|\n|\r")


class EventStreamParser:
    """Turns the lines of one stream into events.

    `done`: the provider ended the stream as its protocol says, and nothing after that is read. `foreign`
    holds bytes that are not an event, until the first event.
    """

    def __init__(self, max_output: int) -> None:
        self.done = False
        self.received = 0
        self.foreign = bytearray()
        self._most = SLACK_BYTES + max_output * BYTES_PER_TOKEN
        self._line = bytearray()
        self._data: list[str] = []
        self._data_size = 0
        self._skip_newline = False
        self._began = False

    def feed(self, chunk: bytes) -> list[str]:
        """The data of the events that these bytes complete. Raises `Fault` if a limit is exceeded."""
        self.received += len(chunk)
        if self.received > self._most:
            raise Fault("too-large", f"the answer is longer than {self._most} bytes")
        events: list[str] = []
        if self._skip_newline and chunk:
            chunk = chunk.removeprefix(b"\n")  # the second half of a line end
            self._skip_newline = False
        head, *rest = _LINE_END.split(chunk)
        self._extend(head)
        for piece in rest:
            self._end_line(events)
            if self.done:
                return events
            self._extend(piece)
        self._skip_newline = self._skip_newline or chunk.endswith(b"\r")
        return events

    def finish(self) -> list[str]:
        """The data of a last event without an empty line after it, which many servers leave out."""
        events: list[str] = []
        if not self.done:
            self._end_line(events)
            self._end_event(events)
        return events

    def _extend(self, piece: bytes) -> None:
        self._line += piece
        if len(self._line) > LINE_BYTES:
            raise Fault("too-large", f"the answer has a line longer than {LINE_BYTES} bytes")

    def _end_line(self, events: list[str]) -> None:
        raw = bytes(self._line)
        self._line.clear()
        line = _utf8(raw)
        if not line:
            self._end_event(events)
            return
        name, _, value = line.removeprefix("\ufeff").partition(":")
        if name == "data":
            self._began = True
            self.foreign.clear()
            self._data.append(value.removeprefix(" "))
            self._data_size += len(raw)
            if self._data_size > LINE_BYTES:
                raise Fault("too-large", f"the answer has an event longer than {LINE_BYTES} bytes")
        elif name not in ("", "event", "id", "retry") and not self._began:
            self.foreign += raw + b"\n"
            if len(self.foreign) > FOREIGN_BYTES:
                raise Fault("bad-reply", "the answer is not a stream of events")

    def _end_event(self, events: list[str]) -> None:
        if not self._data:
            return
        data = "\n".join(self._data)
        self._data.clear()
        self._data_size = 0
        if data.strip() == "[DONE]":
            self.done = True
        else:
            events.append(data)


class JsonLinesParser:
    """Turns a stream of JSON documents, one on each line, into their texts. It never knows the end itself."""

    done = False
    foreign = b""

    def __init__(self, max_output: int) -> None:
        self._most = SLACK_BYTES + max_output * BYTES_PER_TOKEN
        self._received = 0
        self._line = bytearray()

    def feed(self, chunk: bytes) -> list[str]:
        """The lines that these bytes complete. Raises `Fault` if a limit is exceeded."""
        self._received += len(chunk)
        if self._received > self._most:
            raise Fault("too-large", f"the answer is longer than {self._most} bytes")
        *lines, rest = (bytes(self._line) + chunk).split(b"\n")
        self._line = bytearray(rest)
        return [_utf8(line) for line in lines if line.strip()]

    def finish(self) -> list[str]:
        """A last line without an end."""
        return [_utf8(bytes(self._line))] if self._line.strip() else []


def _utf8(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Fault("bad-reply", "the answer is not UTF-8") from None
