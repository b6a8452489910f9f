"""One call to a provider as values: what is asked, within which times, to which address, in which bytes.

It opens nothing. It knows how a base URL may be written and what a request's body holds.
"""

import json
import re
from dataclasses import dataclass, field

from assist_escalation.policy.settings import USUAL_S, Provider
from assist_escalation.prompts import Messages, Usage
from assist_escalation.provider.failures import Fault, clean
from assist_escalation.provider.provider_memory import Capabilities

# Few characters, so that no two readers of this text can see two hosts in it.
_HOST = r"(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::[1-9][0-9]{0,4})?"
_BASE_URL = re.compile(rf"https?://{_HOST}(?:/[a-z0-9._~+=:,-]*)*", re.IGNORECASE | re.ASCII)
_PROXY = re.compile(rf"http://(?:[\x21-\x2e\x30-\x3f\x41-\x7e]+@)?{_HOST}/?", re.IGNORECASE | re.ASCII)
_KEY = re.compile(r"[\x21-\x7e]*")


@dataclass(frozen=True, slots=True)
class Times:
    """Limits of a call, in seconds.

    `first` runs from the request to the first event (to the answer's headers with `connect` on top), `idle`
    from event to event. Bytes that are no event, such as comments that keep a connection alive, do not
    extend them. Models that think long before they write need more of both.
    """

    connect: float = 5.0
    first: float = 30.0
    idle: float = 20.0
    total: float = USUAL_S


def stretch(times: Times, seconds: float) -> Times:
    """The times for a provider that may take so long in all, where `USUAL_S` is what they are made for.

    >>> stretch(Times(), 240.0)
    Times(connect=5.0, first=60.0, idle=40.0, total=240.0)
    """
    by = seconds / USUAL_S
    return Times(times.connect, times.first * by, times.idle * by, times.total * by)


@dataclass(frozen=True, slots=True)
class Call:
    """One request: a provider by name and settings, its key ("" for none), the texts, the most tokens."""

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
    """The end of an answer: why (`stop`, `length`, `content_filter`, `unknown`, ...), by whom, at what count.

    `model` is "" and `usage` None where the provider says nothing, or nothing believable.
    """

    finish: str
    model: str
    usage: Usage | None


def address(endpoint: Provider) -> str:
    """The one address that a call goes to. Raises `Fault` where settings or key could be read in two ways."""
    if not _BASE_URL.fullmatch(endpoint.base_url):
        raise Fault(
            "refused",
            f"base_url = {endpoint.base_url!r} holds characters that an address needs not: "
            "write https://HOST/PATH in plain ASCII",
        )
    if endpoint.proxy and not _PROXY.fullmatch(endpoint.proxy):
        # Not shown: it may hold a password.
        raise Fault("refused", "proxy is not the address of an HTTP proxy: write http://HOST:PORT")
    return endpoint.base_url.rstrip("/") + "/chat/completions"


def check_key(call: Call) -> None:
    """Raises `Fault` where the key cannot be a header, as one that was pasted with a line break."""
    if not _KEY.fullmatch(call.key):
        variable = call.endpoint.api_key_env or "the key's variable"
        raise Fault("auth", f"the key in {variable} holds spaces, line breaks or other letters than ASCII's")


def payload(call: Call, abilities: Capabilities) -> bytes:
    """The body of the request, the same bytes for the same values. Raises `Fault` for broken Unicode.

    Nothing is in it that the provider does not need. `store` is not sent: off is its default here, and
    servers that do not know it refuse the call.
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
    """Whose fault it was; the words without the key, should a provider put that into an error's code."""
    key = clean(call.key)
    why = str(fault)
    if key and key in why:
        why = fault.kind
    return f"Provider {call.provider!r} ({call.endpoint.base_url}): {why}."
