"""One call to a provider as values: its texts or its bytes, time limits, address and headers.

This module opens no connection. It knows how a base URL may be written and what a question's body holds.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from assist_escalation.policy.endpoints import USUAL_S, Provider
from assist_escalation.prompts import Messages, Usage
from assist_escalation.provider.failures import Fault, TransportError, clean
from assist_escalation.provider.provider_memory import Capabilities

# Few characters are allowed, so that no two programs can read two different hosts from the same text.
_HOST = r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?"
_BASE_URL = re.compile(rf"https?://{_HOST}(?:/[a-z0-9._~+=:,-]*)*", re.IGNORECASE | re.ASCII)
_PROXY = re.compile(rf"http://(?:[\x21-\x2e\x30-\x3f\x41-\x7e]+@)?{_HOST}/?", re.IGNORECASE | re.ASCII)
_KEY = re.compile(r"[\x21-\x7e]*")

CHAT_PATH = "/chat/completions"
_VERSION = "2023-06-01"  # of the protocol for messages, where a tool names none
# The headers of a tool that say how its body is meant. None holds a key, and none names a place.
PASSED = ("anthropic-version", "anthropic-beta", "openai-beta")
_VALUE = re.compile(r"[A-Za-z0-9 _.,;=/-]{1,1000}")


@dataclass(frozen=True, slots=True)
class Times:
    """The time limits of a call, in seconds.

    `first` is from the request to the first event (for the answer's headers, `connect` is added), and `idle`
    from one event to the next. Bytes that are not an event, such as comments that keep a connection alive, do
    not extend them. Models that reason for long before they write need more of both.
    """

    connect: float = 5.0
    first: float = 30.0
    idle: float = 20.0
    total: float = USUAL_S


def stretch(times: Times, seconds: float) -> Times:
    """The limits for a provider that may take `seconds` in all, in proportion to the usual `USUAL_S`.

    >>> stretch(Times(), 240.0)
    Times(connect=5.0, first=60.0, idle=40.0, total=240.0)
    """
    by = seconds / USUAL_S
    return Times(times.connect, times.first * by, times.idle * by, times.total * by)


@dataclass(frozen=True, slots=True)
class Call:
    """A question: the provider's name and settings, its key or "", the texts, and the most output tokens."""

    provider: str
    endpoint: Provider
    key: str = field(repr=False)
    messages: Messages = field(repr=False)
    max_output: int


@dataclass(frozen=True, slots=True)
class ProviderPost:
    """Another tool's request: the path below the provider's `base_url`, the body, and headers that pass."""

    provider: str
    endpoint: Provider
    path: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str]
    stream: bool
    max_output: int


def passed_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that pass, by their names in small letters.

    >>> passed_headers({"anthropic-beta": "tools-2024", "cookie": "a=b", "openai-beta": "a\\r\\nb: c"})
    {'anthropic-beta': 'tools-2024'}
    """
    return {name: value for name, value in headers.items() if name in PASSED and _VALUE.fullmatch(value)}


def post_headers(post: ProviderPost, key: str) -> dict[str, str]:
    """The headers of a post that differ from a question's; one without a value is left out."""
    headers = passed_headers(post.headers)
    if not post.stream:
        headers["Accept"] = "application/json"
    if post.endpoint.dialect == "messages":
        headers.setdefault("anthropic-version", _VERSION)
        headers |= {"Authorization": "", "x-api-key": key}
    return headers


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of an answer."""

    text: str


@dataclass(frozen=True, slots=True)
class AnswerEnd:
    """The end of an answer: a reason (`stop`, `length`, `content_filter`, `unknown`, ...), model and tokens.

    `model` is "" and `usage` None if the provider reports nothing. A `usage` that cannot be true is
    `estimated`.
    """

    finish: str
    model: str
    usage: Usage | None


def check_address(base_url: str, proxy: str) -> str:
    """The base address without a slash at its end. Raises `Fault` if a setting could be read in two ways."""
    if not _BASE_URL.fullmatch(base_url):
        raise Fault(
            "refused",
            f"base_url = {base_url!r} contains characters that are not allowed in an address: write "
            "https://HOST/PATH in plain ASCII",
        )
    if proxy and not _PROXY.fullmatch(proxy):
        # Not shown: it may hold a password.
        raise Fault("refused", "proxy is not the address of an HTTP proxy: write http://HOST:PORT")
    return base_url.rstrip("/")


def check_key(key: str, variable: str) -> None:
    """Raises `Fault` if the key cannot be in a header, for example because it has a line break."""
    if not _KEY.fullmatch(key):
        variable = variable or "the key's variable"
        raise Fault("auth", f"the key in {variable} contains spaces, line breaks or non-ASCII characters")


def payload(call: Call, abilities: Capabilities) -> bytes:
    """The body of the request, always the same bytes for the same values. `Fault` for broken Unicode.

    It holds only what the provider needs. `store` is not sent: it is off by default, and servers that do not
    know it refuse the call.
    """
    messages = [{"role": "user", "content": call.messages.user}]
    if call.messages.system:
        messages.insert(0, {"role": "system", "content": call.messages.system})
    body = {
        "model": call.endpoint.model,
        "messages": messages,
        "stream": True,
        **abilities.parameters(call.max_output),
    }
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:
        raise Fault(
            "refused", "the prompt contains half of a surrogate pair: a file in it is not UTF-8"
        ) from None


def failure(
    provider: str, base_url: str, key: str, fault: Fault, *, was_sent: bool, so_far: Usage | None = None
) -> TransportError:
    """The error of a fault, with the provider's name and without the key, even if an error code holds it.

    `so_far` are the tokens that the provider reported, if the fault names none.
    """
    safe_key = clean(key)
    why = fault.kind if safe_key and safe_key in str(fault) else str(fault)
    usage = fault.usage or so_far
    if usage is None and not was_sent:
        usage = Usage()
    return TransportError(
        fault.kind, f"Provider {provider!r} ({base_url}): {why}.", was_sent=was_sent, usage=usage
    )
