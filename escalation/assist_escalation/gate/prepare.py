"""The gate: the only way from a prompt to a provider. A stage that fails stops the request.

    policy -> redaction -> price -> budget reserved -> intent on disk -> transport -> outcome -> settled

`prepare` does everything up to the price, and sends nothing. Its result is what the preview and `--dry-run`
show and, byte for byte, what `egress.questions` sends. It does not decide whether a provider is asked.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from assist_escalation.audit.log import AuditLog
from assist_escalation.budget import ledger, prices, token_count
from assist_escalation.budget.ledger import Ledger
from assist_escalation.errors import RefusedError
from assist_escalation.gate.request_marks import request_mark
from assist_escalation.policy.endpoints import Price, Provider
from assist_escalation.policy.permissions import Permissions
from assist_escalation.policy.verdict import Verdict, judge
from assist_escalation.prompts import Messages, Prompt, lay_out
from assist_escalation.provider.provider_memory import AnsweringModels
from assist_escalation.provider.transport import Transport
from assist_escalation.redaction.redactor import Known, Redacted, redact

FREE = Price(0.0, 0.0)  # for an unknown price, if the policy allows such requests
SHORTEST = 512  # tokens: a shorter answer is not worth a request; this is a change of about forty lines
AROUND = 16  # tokens of a call in addition to its texts: roles and marks


@dataclass(frozen=True, slots=True)
class GateParts:
    """The parts of a gate.

    `keys` returns the value of an environment variable, or "". `secret` returns the installation's secret,
    always the same, from which the marks of a request are made.
    """

    ledger: Ledger
    log: AuditLog
    transport: Transport
    keys: Callable[[str], str]
    known: Known
    models: AnsweringModels
    secret: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class ProviderRequest:
    """One question for a provider. `provider` is the user's choice, or ""."""

    id: str
    prompt: Prompt
    permissions: Permissions
    scope: ledger.Scope
    max_output: int
    provider: str = ""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request exactly as it would be sent. `left_micro` is what is left of today's budget."""

    request: ProviderRequest
    provider: str
    endpoint: Provider
    price: Price
    messages: Messages = field(repr=False)
    redacted: Redacted = field(repr=False)
    classes: tuple[str, ...]
    tokens: int
    max_output: int
    upper_micro: int
    left_micro: int
    payload_sha256: str
    fence_mark: str = field(default="", repr=False)

    @property
    def host(self) -> str:
        """The host that the request would go to."""
        return urlsplit(self.endpoint.base_url).netloc

    @property
    def marked(self) -> bool:
        """Return whether some text has a data class from a glob, and not only a default class."""
        usual = {author.default for author in self.request.permissions.classes}
        return bool(set(self.classes) - usual)

    @property
    def files(self) -> tuple[str, ...]:
        """The files whose text would be sent."""
        paths = (span.origin.path for span in self.redacted.spans)
        return tuple(dict.fromkeys(path for path in paths if path))


def get_limits(permissions: Permissions) -> ledger.SpendingLimits:
    """The limits on money that apply to a request."""
    return ledger.SpendingLimits(permissions.request_micro, permissions.day_micro, permissions.user_day_micro)


def prepare(request: ProviderRequest, parts: GateParts) -> Prepared:
    """The request for the first provider that may see it. `RefusedError` if there is none."""
    name, verdict = _provider(request)
    permissions = request.permissions
    endpoint = request.permissions.providers[name]
    price = prices.find_price(endpoint)
    if price is None and not permissions.allow_unknown_price:
        raise RefusedError(
            "unknown_price",
            f"the price of {endpoint.model} is not known, so its cost has no limit: write price = {{ "
            f"input_usd_per_mtok = ..., output_usd_per_mtok = ... }} in [providers.{name}]",
        )
    price = price or FREE
    secret = parts.secret()
    nonce = request_mark(secret, "placeholder", request.prompt)
    redaction = redact(request.prompt.spans, parts.known, permissions.patterns, nonce=nonce)
    clean = Prompt(request.prompt.command, redaction.spans)
    mark = request_mark(secret, "fence", clean)
    messages = lay_out(clean, mark)
    max_output = min(request.max_output, endpoint.max_output_tokens)
    tokens = _tokens(messages.system, nonce, mark) + _tokens(messages.user, nonce, mark) + AROUND
    if tokens > endpoint.context_tokens:
        raise RefusedError(
            "too_long",
            f"the question has up to {tokens:,} tokens, but {name} takes {endpoint.context_tokens:,}: ask "
            f"about less, or raise context_tokens in [providers.{name}] if the model takes more",
        )
    micro_left = parts.ledger.remaining(request.scope, get_limits(permissions))
    max_output = affordable(price, tokens, max_output, min(permissions.request_micro, micro_left))
    upper = prices.upper_micro(price, tokens, max_output)
    digest = payload_sha256(endpoint.model, messages, max_output)
    return Prepared(
        request,
        name,
        endpoint,
        price,
        messages,
        redaction,
        verdict.classes,
        tokens,
        max_output,
        upper,
        micro_left,
        digest,
        mark,
    )


def _tokens(text: str, *marks: str) -> int:
    """An upper bound of a text's tokens. `marks` count by length, whatever their letters are."""
    length = sum(text.count(mark) * len(mark) for mark in marks)
    for mark in marks:
        text = text.replace(mark, "")
    return token_count.upper_count(text) + length


def affordable(price: Price, tokens: int, most: int, micro: int) -> int:
    """The longest answer that the money pays for; `most` if not even a short answer is affordable."""
    free = micro - prices.upper_micro(price, tokens, 0)
    fits = int(free / price.output_usd_per_mtok) if price.output_usd_per_mtok else most
    return fits if SHORTEST <= fits < most else most


def payload_sha256(model: str, messages: Messages, max_output: int) -> str:
    """The hash of all that a provider reads: the model, the texts, and the limit of the answer."""
    parts = (model, messages.system, messages.user, str(max_output))
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _provider(request: ProviderRequest) -> tuple[str, Verdict]:
    """The provider that may see the prompt: the named one, or the first in the user's order."""
    permissions = request.permissions
    if request.provider and request.provider not in permissions.providers:
        provider_names = ", ".join(permissions.providers) or "none"
        raise RefusedError(
            "provider",
            f"The provider {request.provider!r} is not allowed here: choose from {provider_names}.",
        )
    names = [request.provider] if request.provider else list(permissions.providers)
    if not names:
        raise RefusedError(
            "no_provider", "No provider may be asked here: define one as [providers.NAME] in config.toml."
        )
    reasons: dict[str, None] = {}
    for name in names:
        verdict = judge(request.prompt, permissions, name)
        if verdict.allowed:
            return name, verdict
        reasons |= dict.fromkeys(verdict.reasons)
    raise RefusedError("policy", "; ".join(reasons))
