"""What may leave the machine, to whom and at what price, as a user writes it; the default is nothing.

It decides about no request, reads no file and no environment, and holds the name of a key, never a key.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from assist_escalation.errors import EscalationError

Mode = Literal["never", "ask", "auto"]  # from the strictest on: `tighten` compares by this order

REQUESTS = ("explain", "ask", "test", "refactor", "fix", "cross_file", "architecture")

# Capitals only, as every provider's documentation has it: a key pasted by mistake is not such a name.
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_MOST_USD = 100_000.0  # a bound at all, since TOML knows `inf` and `nan`


@dataclass(frozen=True, slots=True)
class Price:
    """What a provider asks for a million tokens, in US dollars."""

    input_usd_per_mtok: float = field(metadata={"min": 0.0, "max": _MOST_USD, "doc": "For tokens sent."})
    output_usd_per_mtok: float = field(metadata={"min": 0.0, "max": _MOST_USD, "doc": "For tokens received."})

    def __post_init__(self) -> None:
        _check_bounds(self)


@dataclass(frozen=True, slots=True)
class Provider:
    """One `[providers.NAME]` table: a frontier API that speaks OpenAI's protocol."""

    base_url: str = field(
        metadata={
            "doc": "Where requests go: https, or http to this machine itself. Without user or password."
        }
    )
    model: str = field(metadata={"doc": "The model to ask for, as the provider names it."})
    api_key_env: str = field(
        default="",
        metadata={
            "doc": "The environment variable that holds the key, in capitals. Never the key itself. "
            "Empty where the provider needs none.",
        },
    )
    residency: tuple[str, ...] = field(
        default=(),
        metadata={"doc": "The data classes this provider may see. Empty: it may see nothing."},
    )
    price: Price | None = field(
        default=None,
        metadata={
            "doc": "What it costs, where the built-in list of prices does not know the model or is wrong. "
            "Without a price there is no bound, so requests are refused."
        },
    )
    max_output_tokens: int = field(
        default=4096,
        metadata={"min": 64, "max": 131_072, "doc": "The longest answer to ask for, in tokens."},
    )
    context_tokens: int = field(
        default=32_768,
        metadata={"min": 1024, "max": 10_000_000, "doc": "The longest prompt to send, in tokens."},
    )
    proxy: str = field(
        default="",
        metadata={"doc": "An HTTP proxy to go through, as http://HOST:PORT. The environment's is not used."},
    )
    ca_file: str = field(
        default="",
        metadata={
            "doc": "A file of certificates to trust in place of the built-in ones, for an inner gateway."
        },
    )

    def __post_init__(self) -> None:
        _check_url(self.base_url)
        _check_bounds(self)
        if not self.model.strip():
            raise EscalationError("model is empty: write the model's name as the provider has it")
        if self.api_key_env and not _VARIABLE.fullmatch(self.api_key_env):
            # The value is not shown: it may be the key.
            raise EscalationError(
                "api_key_env is not a variable's name: export the key in a variable such as "
                "OPENAI_API_KEY and write that name here"
            )
        _check_words("residency", self.residency)


@dataclass(frozen=True, slots=True)
class Settings:
    """All that bears on egress; a wrong value raises `EscalationError`, which names the field.

    Most fields are the `[escalation]` table; where `table` is given they stand in one of their own.
    """

    mode: Mode = field(
        default="never",
        metadata={
            "choices": get_args(Mode),
            "doc": "Whether requests may go to a provider: `never`, `ask` you each time, or `auto` within "
            "the bounds below.",
        },
    )
    max_escalation_rate: float = field(
        default=0.15,
        metadata={"min": 0.0, "max": 1.0, "doc": "The share of requests that may go out, from 0 to 1."},
    )
    max_cost_usd_per_request: float = field(
        default=0.05,
        metadata={"min": 0.0, "max": _MOST_USD, "doc": "The most one request may cost, in US dollars."},
    )
    max_cost_usd_per_day: float = field(
        default=2.0,
        metadata={"min": 0.0, "max": _MOST_USD, "doc": "The most a day may cost, in US dollars."},
    )
    always_local: tuple[str, ...] = field(
        default=(),
        metadata={"choices": REQUESTS, "doc": "Kinds of request that never leave the machine."},
    )
    always_ask: tuple[str, ...] = field(
        default=("refactor", "cross_file", "architecture"),
        metadata={
            "choices": REQUESTS,
            "doc": "Kinds of request that ask you each time, also in mode `auto`.",
        },
    )
    providers: Mapping[str, Provider] = field(
        default_factory=dict,
        metadata={"table": "providers", "doc": "The frontier APIs, each under a name you choose."},
    )
    deny: tuple[str, ...] = field(
        default=(),
        metadata={
            "table": "egress",
            "doc": "Files that never leave the machine, as globs from the workspace's root. They add to the "
            "built-in list of files that hold secrets.",
        },
    )
    data_class: Mapping[str, str] = field(
        default_factory=dict,
        metadata={
            "table": "data_class",
            "doc": 'The class of files, as `"GLOB" = "CLASS"`. Only a provider whose `residency` holds the '
            "class may see them.",
        },
    )

    def __post_init__(self) -> None:
        _check_bounds(self)
        _check_words("deny", self.deny)
        _check_words("providers", tuple(self.providers))
        _check_words("data_class", (*self.data_class, *self.data_class.values()))


def tighten(base: Settings, asked: Settings) -> Settings:
    """`base` with what `asked` forbids besides; nothing is allowed that `base` does not allow.

    Providers and data classes stay those of `base`: only their owner may name them.
    """
    modes = get_args(Mode)
    return replace(
        base,
        mode=min(base.mode, asked.mode, key=modes.index),
        max_escalation_rate=min(base.max_escalation_rate, asked.max_escalation_rate),
        max_cost_usd_per_request=min(base.max_cost_usd_per_request, asked.max_cost_usd_per_request),
        max_cost_usd_per_day=min(base.max_cost_usd_per_day, asked.max_cost_usd_per_day),
        always_local=_union(base.always_local, asked.always_local),
        always_ask=_union(base.always_ask, asked.always_ask),
        deny=_union(base.deny, asked.deny),
    )


def _union(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # a port that is no number raises here
    except ValueError as error:
        raise EscalationError(f"base_url is not an address ({error}): write https://HOST/PATH") from error
    if "@" in url or parts.query:
        # Not shown: it may hold a password or a key.
        raise EscalationError("base_url holds a user or a query: name the key's variable in api_key_env")
    allowed = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    if not host or not allowed or any(character <= " " for character in url):
        raise EscalationError(f"base_url = {url!r}: use https://HOST/PATH, or http only to this machine")


def _check_words(name: str, words: tuple[str, ...]) -> None:
    if not all(word.strip() for word in words):
        raise EscalationError(f"{name} holds an empty text: take it out or write what you mean")


def _check_bounds(settings: Any) -> None:
    for item in fields(settings):
        value, bounds = getattr(settings, item.name), item.metadata
        if "choices" in bounds:
            for word in value if isinstance(value, tuple) else (value,):
                if word not in bounds["choices"]:
                    choices = ", ".join(bounds["choices"])
                    raise EscalationError(f"{item.name} = {word!r}: choose from {choices}")
        if "min" in bounds and not bounds["min"] <= value <= bounds["max"]:  # also true of nan
            low, high = bounds["min"], bounds["max"]
            raise EscalationError(f"{item.name} = {value!r}: use a number from {low:g} to {high:g}")
