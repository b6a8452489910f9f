"""Failures of calls to a provider: one error with a kind, and a message that says what to do.

This module knows how providers refuse. It knows no socket, and never quotes an answer: it shows only the
error's code, cleaned, since the rest of an answer may hold the user's text.
"""

import json
import math
import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Literal

from assist_escalation.errors import EscalationError
from assist_escalation.prompts import Usage

FailureKind = Literal[
    "offline",
    "unreachable",
    "tls",
    "timeout",
    "auth",
    "rate-limited",
    "refused",
    "bad-reply",
    "too-large",
    "server",
    "content-filter",
    "context-length",
    "unknown-model",
]

# The user decides about longer waits: a call takes 120 s at most, and most of that is for the answer.
LONGEST_WAIT_S = 20.0
PAUSE_S = 0.5  # before a second try, if the provider names no time

_RETRIED = frozenset({408, 409, 429})
_CODE = re.compile(r"[^A-Za-z0-9_.-]+")
_CODE_LENGTH = 64

# The words of providers in codes, types and sentences; all are compared in lower case.
_TOO_LONG = (
    "context_length",
    "context length",
    "context window",
    "context size",
    "exceed_context",
    "prompt is too long",
    "string_above_max_length",
)
_FILTERED = ("content_filter", "content_policy", "content management policy", "responsibleaipolicy")
_NO_CREDIT = ("insufficient_quota", "insufficient_balance", "billing")
_NO_MODEL = ("model_not_found", "unknown_model", "deploymentnotfound", "model_not_available")

# What happened, and what the user can do about it.
_REMEDIES: dict[FailureKind, tuple[str, str]] = {
    "rate-limited": ("it received too many requests", "wait a moment, or ask another provider"),
    "refused": ("it refused the request", "see the provider's page for what this key and model may do"),
    "server": ("it failed", "try again later, or ask another provider"),
    "timeout": ("it timed out", "try again later, or ask another provider"),
    "content-filter": ("its filter refused the text", "ask locally, or rephrase the question"),
    "context-length": (
        "the prompt is too long for it",
        "ask about less, or lower this provider's context_tokens",
    ),
    "unknown-model": ("it does not know the model", "check model and base_url of this provider"),
}


class TransportError(EscalationError):
    """A call failed. The message holds no text of the prompt or of the answer, and no key.

    `sent`: whether bytes of the request may have reached the provider. `usage` is about the last attempt: the
    tokens that the provider reported so far, or no tokens if the attempt cannot be charged; None if unknown.
    """

    def __init__(
        self, kind: FailureKind, message: str, *, was_sent: bool, usage: Usage | None = None
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.sent = was_sent
        self.usage = usage


class Fault(EscalationError):
    """A fault in an answer. `transport` turns it into a `TransportError` with the provider's name."""

    def __init__(self, kind: FailureKind, why: str, usage: Usage | None = None) -> None:
        super().__init__(why)
        self.kind = kind
        self.usage = usage


@dataclass(frozen=True, slots=True, repr=False)
class Refusal:
    """An error as a provider describes it. `says` is its text in lower case, to be compared, never shown."""

    status: int = 0  # 0: in the middle of a stream
    code: str = ""
    says: str = ""
    retry_after: str | None = None

    @property
    def kind(self) -> FailureKind:
        """Classify it for the caller. Codes come first, since many providers answer 400 to everything."""
        if any(word in self.says for word in _TOO_LONG) or self.status == 413:
            return "context-length"
        if any(word in self.says for word in _FILTERED):
            return "content-filter"
        if any(word in self.says for word in _NO_MODEL) or self.status == 404:
            return "unknown-model"
        if self.broke:
            return "refused"
        by_status: dict[int, FailureKind] = {401: "auth", 403: "auth", 408: "timeout", 429: "rate-limited"}
        if self.status == 0 or self.status >= 500:
            return "server"
        return by_status.get(self.status, "refused")

    @property
    def broke(self) -> bool:
        """Return whether the account has no credit left. Some providers say so with status 429."""
        return self.status == 402 or any(word in self.says for word in _NO_CREDIT)

    @property
    def may_pass(self) -> bool:
        """Return whether the same request may succeed a moment later."""
        return (self.status in _RETRIED or self.status >= 500) and not self.broke

    @property
    def usage(self) -> Usage | None:
        """No tokens if the provider refused to begin; None, for unknown, if it may charge for the attempt.

        Some providers charge for a text that their filter refused, or that was too long for the model.
        """
        read = self.kind in ("content-filter", "context-length")
        has_begun = read or self.status in (408, 409)
        return Usage() if 300 <= self.status < 500 and not has_begun else None

    def names(self, parameter: str) -> bool:
        """Return whether it objects to a parameter of the request.

        >>> Refusal(400, "", "unsupported parameter: 'max_tokens'").names("max_tokens")
        True
        """
        return self.status in (400, 422) and self.kind == "refused" and parameter in self.says


def refusal(status: int, body: bytes, retry_after: str | None = None) -> Refusal:
    """The refusal in an answer's status and the first bytes of its body, which may be anything.

    >>> refusal(401, b'{"error": {"code": "invalid_api_key"}}').code
    'invalid_api_key'
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return Refusal(status, retry_after=retry_after)
    if isinstance(value, list):
        value = value[0] if value else None
    error = value.get("error", value) if isinstance(value, dict) else value
    fields = error if isinstance(error, dict) else {"message": error}
    number = fields.get("code")
    if not status and isinstance(number, int) and 400 <= number < 600:
        status = number
    code = next((fields[name] for name in ("code", "type") if isinstance(fields.get(name), str)), "")
    says = [str(fields.get(name) or "") for name in ("code", "type", "param", "message")]
    words = " ".join([*says, *_details(fields.get("detail"))]).lower()
    return Refusal(status, clean(code), words, retry_after)


def _details(detail: object) -> list[str]:
    """The place and the text of FastAPI's errors, without the input that they repeat."""
    if isinstance(detail, str):
        return [detail]
    rows = detail if isinstance(detail, list) else []
    return [f"{row.get('loc')} {row.get('msg')}" for row in rows if isinstance(row, dict)]


def clean(code: str) -> str:
    """The part of a provider's error code that may be shown."""
    return _CODE.sub("", code)[:_CODE_LENGTH]


def describe(refusal_seen: Refusal, variable: str = "") -> str:
    """Return what to tell the user; `variable` is the environment variable of the key.

    >>> describe(Refusal(401, "invalid_api_key"), "ACME_KEY")
    'it refused the key (401 invalid_api_key): check the variable ACME_KEY'
    """
    which = " ".join(filter(None, (str(refusal_seen.status or ""), refusal_seen.code)))
    which = f" ({which})" if which else ""
    if refusal_seen.kind == "auth":
        if not variable:
            return f"it requires a key{which}: name the key's variable in api_key_env"
        return f"it refused the key{which}: check the variable {variable}"
    if refusal_seen.broke:
        return f"the account has no credit left{which}: see the provider's billing page"
    if 300 <= refusal_seen.status < 400:
        return f"it redirected to another address{which}, which assist does not follow: correct base_url"
    what, remedy = _REMEDIES[refusal_seen.kind]
    return f"{what}{which}: {remedy}"


def wait_s(header: str | None, now: float) -> float | None:
    """Seconds to wait before a second try by a `Retry-After` header, or None if that is too long.

    The header holds seconds or an HTTP date. An invalid header counts as no header. `now` is in seconds since
    1970.

    >>> wait_s("3", 0.0), wait_s("-1", 0.0), wait_s("3600", 0.0)
    (3.0, 0.5, None)
    """
    seconds = _seconds(header, now) if header else None
    if seconds is None:
        return PAUSE_S
    return None if seconds > LONGEST_WAIT_S else max(seconds, 0.0)


def _seconds(header: str, now: float) -> float | None:
    try:
        seconds = float(header)
    except ValueError:
        try:
            return max(parsedate_to_datetime(header).timestamp() - now, 0.0)
        except (ValueError, OverflowError, OSError):
            return None
    return None if math.isnan(seconds) or seconds < 0 else seconds
