"""One call to a provider as values: its texts, time limits, address and bytes.

This module opens no connection. It knows how a base URL may be written and what a request's body holds.
"""

import json
import re
from dataclasses import dataclass, field

from assist_escalation.policy.endpoints import USUAL_S, Provider
from assist_escalation.prompts import Messages, Usage
from assist_escalation.provider.failures import Fault, clean
from assist_escalation.provider.provider_memory import Capabilities

# Few characters are allowed, so that no two programs can read two different hosts from the same text.
_HOST = r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?"
_BASE_URL = re.compile(rf"https?://{_HOST}(?:/[a-z0-9._~+=:,-]*)*", re.IGNORECASE | re.ASCII)
_PROXY = re.compile(rf"http://(?:[\x21-\x2e\x30-\x3f\x41-\x7e]+@)?{_HOST}/?", re.IGNORECASE | re.ASCII)
_KEY = re.compile(r"[\x21-\x7e]*")


@dataclass(frozen=True, slots=True)
class Times:
    """The time limits of a call, in seconds.

    `first` is from the request to the first event (for the answer's headers, `connect` is added), and `idle`
    from one event to the next. Bytes that are no event, such as comments that keep a connection alive, do
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
    """One request: the provider's name and settings, its key or "", the texts, and the most output tokens."""

    provider: str
    endpoint: Provider
    key: str = field(repr=False)
    messages: Messages = field(repr=False)
    max_output: int


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


def address(endpoint: Provider) -> str:
    """The only address that a call goes to. Raises `Fault` if a setting could be read in two ways."""
    return check_address(endpoint.base_url, endpoint.proxy) + "/chat/completions"


def check_address(base_url: str, proxy: str) -> str:
    """The base address without a slash at its end. Raises `Fault` if a setting could be read in two ways."""
    if not _BASE_URL.fullmatch(base_url):
        raise Fault(
            "refused",
            f"base_url = {base_url!r} holds characters that an address does not need: "
            "write https://HOST/PATH in plain ASCII",
        )
    if proxy and not _PROXY.fullmatch(proxy):
        # Not shown: it may hold a password.
        raise Fault("refused", "proxy is not the address of an HTTP proxy: write http://HOST:PORT")
    return base_url.rstrip("/")


def check_key(key: str, variable: str) -> None:
    """Raises `Fault` if the key cannot be in a header, for example because it has a line break."""
    if not _KEY.fullmatch(key):
        variable = variable or "the key's variable"
        raise Fault("auth", f"the key in {variable} holds spaces, line breaks or other letters than ASCII's")


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
        raise Fault("refused", "the prompt holds half a character: a file in it is not UTF-8") from None


def message(call: Call, fault: Fault) -> str:
    """The fault with the provider's name, without the key, even if the provider put it into an error code."""
    key = clean(call.key)
    why = str(fault)
    if key and key in why:
        why = fault.kind
    return f"Provider {call.provider!r} ({call.endpoint.base_url}): {why}."
