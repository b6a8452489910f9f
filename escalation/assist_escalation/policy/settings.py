"""The settings of what may leave the machine, to whom and at what price. By default nothing may leave.

Each value is checked. An error names the setting and says what to do instead, and never shows a value that
may be a secret. This module judges no request and reads no file and no environment. It holds the name of
a key's variable, never a key.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from assist_escalation.errors import EscalationError
from assist_escalation.policy.path_globs import check_glob

# Capitals only, as in every provider's documentation. A key that was pasted by mistake does not match.
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]*")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def check_url(url: str) -> None:
    """Check an address for requests: https, or http to this machine, without user, password or query."""
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


def check_words(name: str, words: tuple[str, ...]) -> None:
    """Check that no text is empty."""
    if not all(word.strip() for word in words):
        raise EscalationError(f"{name} holds an empty text: take it out or write what you mean")


def check_variable(name: str, variable: str) -> None:
    """Check the name of an environment variable, or ""."""
    if variable and not _VARIABLE.fullmatch(variable):
        # The value is not shown: it may be the key.
        raise EscalationError(
            f"{name} is not a variable's name: export the key in a variable such as "
            "OPENAI_API_KEY and write that name here"
        )


def check_pattern(pattern: str) -> None:
    """Check that a regular expression can be compiled and does not match the empty text."""
    try:
        empty = re.compile(pattern).match("")
    except (re.error, RecursionError, OverflowError) as error:
        raise EscalationError(f"patterns holds {pattern[:80]!r}, which is no expression: {error}") from error
    if empty:
        raise EscalationError(f"patterns holds {pattern[:80]!r}, which matches an empty text: make it longer")


def check_bounds(settings: Any) -> None:
    """Check each field against the `choices`, `min` and `max` of its metadata."""
    for item in fields(settings):
        value = getattr(settings, item.name)
        bounds = item.metadata
        name = bounds.get("key", item.name)
        if "choices" in bounds:
            for word in value if isinstance(value, tuple) else (value,):
                if word not in bounds["choices"]:
                    choices = ", ".join(bounds["choices"])
                    raise EscalationError(f"{name} = {word!r}: choose from {choices}")
        if "min" in bounds and not bounds["min"] <= value <= bounds["max"]:  # also true of nan
            low, high = bounds["min"], bounds["max"]
            raise EscalationError(f"{name} = {value!r}: use a number from {low:g} to {high:g}")


Edits = Literal["blocks", "pieces"]
ServerKind = Literal["llama.cpp", "vllm", "ollama", "mistral-fim", "openai"]
GhostText = Literal["local", "server"]  # the strictest first
Mode = Literal["never", "ask", "auto"]  # the strictest first: `permissions` compares by this order
Content = Literal["hash", "redacted", "full"]  # the least first
ANY = "*"  # in a list of names: all names

REQUESTS = (
    "explain", "ask", "test", "refactor", "fix", "commit", "review", "cross_file", "architecture",
)  # fmt: skip

MOST_USD = 100_000.0  # an upper limit is needed, since TOML has `inf` and `nan`
USUAL_S = 120.0  # seconds for a whole answer: 4,096 tokens at 35 a second


@dataclass(frozen=True, slots=True)
class Price:
    """What a provider charges for a million tokens, in US dollars."""

    input_usd_per_mtok: float = field(metadata={"min": 0.0, "max": MOST_USD, "doc": "For tokens sent."})
    output_usd_per_mtok: float = field(metadata={"min": 0.0, "max": MOST_USD, "doc": "For tokens received."})
    cache_read_usd_per_mtok: float = field(
        default=0.0,
        metadata={
            "min": 0.0,
            "max": MOST_USD,
            "doc": "For tokens sent that the provider had in its cache. 0: as for others.",
        },
    )
    cache_write_usd_per_mtok: float = field(
        default=0.0,
        metadata={
            "min": 0.0,
            "max": MOST_USD,
            "doc": "For tokens sent that the provider put into its cache. 0: as for others.",
        },
    )

    def __post_init__(self) -> None:
        check_bounds(self)


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
    timeout_seconds: float = field(
        default=USUAL_S,
        metadata={
            "min": 1.0,
            "max": 3600.0,
            "doc": "The longest to wait for a whole answer; a quarter of it is for the first word. Raise it "
            "for a model that thinks long, or runs on a slow machine.",
        },
    )
    edits: Edits = field(
        default="blocks",
        metadata={
            "choices": get_args(Edits),
            "doc": "How it is asked to write changes: as SEARCH/REPLACE `blocks`, or as the changed `pieces` "
            "in full, which small models do more surely.",
        },
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
        check_url(self.base_url)
        check_bounds(self)
        if not self.model.strip():
            raise EscalationError("model is empty: write the model's name as the provider has it")
        check_variable("api_key_env", self.api_key_env)
        check_words("residency", self.residency)


@dataclass(frozen=True, slots=True)
class ModelServer:
    """One `[servers.NAME]` table: an open model that a team hosts. For answers it is the provider NAME."""

    kind: ServerKind = field(
        metadata={
            "choices": get_args(ServerKind),
            "doc": "What serves the model: `llama.cpp`, `vllm`, `ollama`, `mistral-fim` (its own protocol "
            "for infilling), or `openai` for any other with OpenAI's completions.",
        }
    )
    base_url: str = field(
        metadata={
            "doc": "Where requests go, as for a provider: https, or http to this machine itself. With "
            "`/v1` or without."
        }
    )
    model: str = field(metadata={"doc": "The model to ask for, as the server names it."})
    api_key_env: str = field(
        default="",
        metadata={
            "doc": "The environment variable that holds the key, in capitals. Never the key itself. "
            "Empty where the server needs none.",
        },
    )
    residency: tuple[str, ...] = field(
        default=(),
        metadata={"doc": "The data classes this server may see. Empty: it may see nothing."},
    )
    fim: str = field(
        default="",
        metadata={
            "doc": "The family whose infilling tokens the model knows (`assist models list` has them). "
            "Empty: found from the model's name."
        },
    )
    context_tokens: int = field(
        default=4096,
        metadata={"min": 1024, "max": 1_000_000, "doc": "Tokens that prompt and answer may have together."},
    )
    timeout_ms: int = field(
        default=1000,
        metadata={
            "min": 50,
            "max": 60_000,
            "doc": "The longest to wait for ghost text, in milliseconds. After that the local model "
            "answers, and after a few such answers it goes on to until the server is fast again.",
        },
    )
    price: Price | None = field(
        default=None,
        metadata={"doc": "What it costs, if it costs by the token. Without a price it counts as free."},
    )
    proxy: str = field(
        default="",
        metadata={"doc": "An HTTP proxy to go through, as http://HOST:PORT. The environment's is not used."},
    )
    ca_file: str = field(
        default="",
        metadata={"doc": "A file of certificates to trust in place of the built-in ones."},
    )

    def __post_init__(self) -> None:
        check_url(self.base_url)
        check_bounds(self)
        if not self.model.strip():
            raise EscalationError("model is empty: write the model's name as the server has it")
        check_variable("api_key_env", self.api_key_env)
        check_words("residency", self.residency)

    def as_provider(self) -> Provider:
        """The same server for answers, by the chat protocol that all kinds of servers have too."""
        return Provider(
            base_url=self.base_url.rstrip("/").removesuffix("/v1") + "/v1",
            model=self.model,
            api_key_env=self.api_key_env,
            residency=self.residency,
            price=self.price or Price(0.0, 0.0),
            max_output_tokens=min(4096, self.context_tokens // 4),
            context_tokens=self.context_tokens,
            proxy=self.proxy,
            ca_file=self.ca_file,
        )


@dataclass(frozen=True, slots=True)
class EscalationSettings:
    """All settings about egress. A wrong value raises `EscalationError`, which names the field.

    Most fields are in the `[escalation]` table. A field with `table` in its metadata is in that table, and
    one with `key` has another name there. `tightens` marks fields that a repository's file may set too,
    since they can only forbid: see `policy.permissions`.
    """

    mode: Mode = field(
        default="never",
        metadata={
            "tightens": True,
            "choices": get_args(Mode),
            "doc": "Whether requests may go to a provider: `never`, `ask` you each time, or `auto` within "
            "the bounds below.",
        },
    )
    max_escalation_rate: float = field(
        default=0.15,
        metadata={
            "tightens": True,
            "min": 0.0,
            "max": 1.0,
            "doc": "The share of requests that may go out, from 0 to 1.",
        },
    )
    max_cost_usd_per_request: float = field(
        default=0.05,
        metadata={
            "tightens": True,
            "min": 0.0,
            "max": MOST_USD,
            "doc": "The most one request may cost, in US dollars.",
        },
    )
    max_cost_usd_per_day: float = field(
        default=2.0,
        metadata={
            "tightens": True,
            "min": 0.0,
            "max": MOST_USD,
            "doc": "The most a day may cost, in US dollars.",
        },
    )
    always_local: tuple[str, ...] = field(
        default=(),
        metadata={
            "tightens": True,
            "choices": REQUESTS,
            "doc": "Kinds of request that never leave the machine.",
        },
    )
    always_ask: tuple[str, ...] = field(
        default=("refactor", "cross_file", "architecture"),
        metadata={
            "tightens": True,
            "choices": REQUESTS,
            "doc": "Kinds of request that ask you each time, also in mode `auto`.",
        },
    )
    allowed_providers: tuple[str, ...] = field(
        default=(ANY,),
        metadata={
            "tightens": True,
            "key": "providers",
            "doc": "The providers that may be used, by name, the preferred one first. `*` means all.",
        },
    )
    residency: tuple[str, ...] = field(
        default=(ANY,),
        metadata={
            "tightens": True,
            "doc": "The data classes that may leave at all, whatever a provider may see. `*` means all.",
        },
    )
    default_class: str = field(
        default="internal",
        metadata={
            "tightens": True,
            "doc": "The class of text that no glob of `[data_class]` here speaks of, and of what you type. "
            "Other files of settings can add one, not replace yours.",
        },
    )
    allow_unknown_price: bool = field(
        default=False,
        metadata={
            "tightens": True,
            "doc": "Whether a provider may be used whose price is not known; no bound on cost holds then.",
        },
    )
    allow_unasked_retry: bool = field(
        default=False,
        metadata={
            "tightens": True,
            "doc": "Whether a doubtful local answer may be asked again at a provider without asking you, in "
            "mode `auto`. What the local model doubts depends on what it reads, so a text in a file can "
            "cause it.",
        },
    )
    yes_allowed: bool = field(
        default=True,
        metadata={"tightens": True, "doc": "Whether `--yes` may skip the preview of what would be sent."},
    )
    providers: Mapping[str, Provider] = field(
        default_factory=dict,
        metadata={"table": "providers", "doc": "The frontier APIs, each under a name you choose."},
    )
    ghost_server: str = field(
        default="",
        metadata={
            "table": "completion",
            "key": "server",
            "doc": "The server of your team that writes ghost text: the NAME of a `[servers.NAME]` table. "
            "The local model writes it while that is away, and where the rules keep a file here. Empty: "
            "always the local model.",
        },
    )
    servers: Mapping[str, ModelServer] = field(
        default_factory=dict,
        metadata={
            "table": "servers",
            "doc": "The servers that your team hosts, each under a name you choose. `[completion] server` "
            "says which one writes ghost text.",
        },
    )
    ghost_text: GhostText = field(
        default="server",
        metadata={
            "tightens": True,
            "choices": get_args(GhostText),
            "doc": "Where ghost text may be written: on this machine only (`local`), or also by the `server` "
            "that `[completion] server` names.",
        },
    )
    deny: tuple[str, ...] = field(
        default=(),
        metadata={
            "tightens": True,
            "table": "egress",
            "doc": "Files that never leave the machine, as globs from the workspace's root. They add to the "
            "built-in list of files that hold secrets.",
        },
    )
    data_class: Mapping[str, str] = field(
        default_factory=dict,
        metadata={
            "tightens": True,
            "table": "data_class",
            "doc": 'The class of files, as `"GLOB" = "CLASS"`. A file has the classes of all globs that '
            "match it. Only a provider whose `residency` holds them all may see it.",
        },
    )
    patterns: tuple[str, ...] = field(
        default=(),
        metadata={
            "table": "redaction",
            "doc": "Regular expressions for your own secrets, in addition to those that are found anyway.",
        },
    )
    audit_content: Content = field(
        default="hash",
        metadata={
            "table": "audit",
            "key": "content",
            "choices": get_args(Content),
            "doc": "How much of a request the audit log keeps: its `hash`, its text `redacted`, or `full`.",
        },
    )
    audit_content_max: Content = field(
        default="full",
        metadata={
            "table": "audit",
            "key": "content_max",
            "choices": get_args(Content),
            "doc": "The most that the audit log may keep, even if `content` says more.",
        },
    )
    audit_checkpoint: str = field(
        default="",
        metadata={
            "table": "audit",
            "key": "checkpoint",
            "path": True,
            "doc": "A file elsewhere that remembers where the audit log ended, so that a cut end is found.",
        },
    )
    audit_key_env: str = field(
        default="",
        metadata={
            "table": "audit",
            "key": "key_env",
            "doc": "The environment variable that holds a key for the audit log, in capitals: without the "
            "key, no one can then rewrite the log.",
        },
    )

    def __post_init__(self) -> None:
        check_bounds(self)
        check_words("providers", (*self.providers, *self.allowed_providers))
        check_words("servers", tuple(self.servers))
        check_words("residency", self.residency)
        check_words("deny", self.deny)
        check_words("data_class", tuple(self.data_class.values()))
        check_variable("key_env", self.audit_key_env)
        for glob in self.deny:
            check_glob("deny", glob)
        for glob in self.data_class:
            check_glob("data_class", glob)
        for pattern in self.patterns:
            check_pattern(pattern)
