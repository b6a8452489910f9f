"""Reads one event of a chat completion, and decides whether its token counts can be true.

The JSON comes from a server that we do not trust: an unexpected shape is a `Fault`. This module knows no
bytes, no socket and no prices.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from assist_escalation.prompts import Usage
from assist_escalation.provider.failures import Fault, describe, refusal

# What a model reads and writes in one call has to fit its context window, hidden instructions and reasoning
# too. The largest windows on sale hold one to two million tokens; a larger count is no count.
MOST_TOKENS = 2_000_000
# Tokens of code and prose are 3 to 4 bytes long on average. No text in use comes near this mean.
MOST_BYTES_A_TOKEN = 64

_NAME = re.compile(r"[^A-Za-z0-9_.:/@+-]+")
_NAME_LENGTH = 128
_TOOLS = frozenset({"tool_calls", "function_call"})


@dataclass(frozen=True, slots=True)
class ChatEvent:
    """What an event adds to the answer. `finish` and `model` are "" if it has none.

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
    try:
        event = json.loads(data)
    except (ValueError, RecursionError):
        raise Fault("bad-reply", "an event of the answer is not JSON") from None
    event = _expect(event, dict)
    if event.get("error"):
        raise _fault_of(data.encode("utf-8", "replace"))
    text, finish = "", ""
    for choice in _expect(event.get("choices"), list):
        said, why = _choice(_expect(choice, dict))
        text, finish = text + said, why or finish
    usage = event.get("usage")
    return ChatEvent(text, finish, clean_name(event.get("model")), usage if isinstance(usage, dict) else None)


def _choice(choice: dict[str, Any]) -> tuple[str, str]:
    """The text and the finish reason of the only choice that we ask for."""
    if choice.get("index") not in (None, 0):
        raise Fault("bad-reply", "the answer has more choices than the one that was asked for")
    delta = _expect(choice.get("delta"), dict)
    finish = clean_name(choice.get("finish_reason")).lower()
    if delta.get("tool_calls") or delta.get("function_call") or finish in _TOOLS:
        raise Fault("bad-reply", "the model called a tool though it was given none")
    refused = _expect(delta.get("refusal"), str)
    return _expect(delta.get("content"), str) + refused, "content_filter" if refused else finish


def reported_usage(counted: dict[str, Any] | None, *, sent: int, wrote: int) -> Usage | None:
    """The provider's counts as disjoint classes of tokens, or None if it reports none.

    `sent` and `wrote` count the prompt's bytes and the answer's. Reasoning is part of the output,
    and may be far more than what is shown; fewer tokens than a text of that length has cannot be true.
    Counts that cannot all be true are `estimated`, and only those that are possible by themselves are kept:
    they may say that a call cost more than it seems, and never that it cost less.

    >>> reported_usage({"prompt_tokens": 30, "completion_tokens": 5}, sent=90, wrote=9)
    Usage(input=30, cache_read=0, cache_write=0, output=5, estimated=False)
    >>> reported_usage({"prompt_tokens": -1, "completion_tokens": 20_000}, sent=90, wrote=9)
    Usage(input=0, cache_read=0, cache_write=0, output=20000, estimated=True)
    """
    if counted is None:
        return None
    details = counted.get("prompt_tokens_details")
    details = details if isinstance(details, dict) else {}
    prompt = _count(counted.get("prompt_tokens"))
    output = _count(counted.get("completion_tokens"))
    hit = _count(details.get("cached_tokens") or 0)
    written = _count(details.get("cache_write_tokens") or 0)
    if prompt is not None and output is not None and hit is not None and written is not None:
        fits = 0 < prompt <= MOST_TOKENS - output and hit + written <= prompt
        if fits and prompt * MOST_BYTES_A_TOKEN >= sent and output * MOST_BYTES_A_TOKEN >= wrote:
            return Usage(input=prompt - hit - written, cache_read=hit, cache_write=written, output=output)
    possible = [prompt or 0, hit or 0, written or 0]
    found = Usage(input=max(possible), output=output or 0, estimated=True)
    return found if found.input or found.output else None


def finish_reason(so_far: ChatEvent, foreign: bytes, *, done: bool, wrote: bool) -> str:
    """Why a stream ended. Raises `Fault` if it was cut off or had no answer."""
    if foreign:
        raise _fault_of(foreign)
    if so_far.finish:
        return so_far.finish
    if not done:
        raise Fault("bad-reply", "the answer was cut off")
    if not wrote:
        raise Fault("bad-reply", "the answer is empty")
    return "unknown"


def _fault_of(error: bytes) -> Fault:
    """The fault for an error object under status 200, or for anything else in place of an answer."""
    found = refusal(0, error)
    if found.says.strip():
        return Fault(found.kind, describe(found))
    return Fault("bad-reply", "it does not speak OpenAI's protocol: check base_url")


def _count(value: Any) -> int | None:
    """A number of tokens, or None if it cannot be one."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value <= MOST_TOKENS else None


def clean_name(value: Any) -> str:
    """A name that a server gives, without characters that no model has."""
    return _NAME.sub("", value)[:_NAME_LENGTH] if isinstance(value, str) else ""


def _expect(value: Any, kind: type[Any]) -> Any:
    """`value` if it has this type, an empty one for null. Anything else raises `Fault`."""
    if value is None:
        return kind()
    if not isinstance(value, kind):
        raise Fault("bad-reply", "an event of the answer has another shape than OpenAI's protocol gives it")
    return value
