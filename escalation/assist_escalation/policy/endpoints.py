"""Endpoints of requests: `[providers.NAME]` and `[servers.NAME]`, each with its address, model and price.

It holds the name of a key's variable, never a key. Nothing here says what may be sent.
"""

from dataclasses import dataclass, field
from typing import Literal, get_args

from assist_escalation.errors import EscalationError
from assist_escalation.policy.checks import check_bounds, check_url, check_variable, check_words

Edits = Literal["blocks", "pieces"]
Dialect = Literal["chat", "messages", "responses"]
ServerKind = Literal["llama.cpp", "vllm", "ollama", "mistral-fim", "openai"]

MAX_USD = 100_000.0  # an upper limit is needed, since TOML has `inf` and `nan`
USUAL_S = 120.0  # seconds for a whole answer: 4,096 tokens at 35 a second


@dataclass(frozen=True, slots=True)
class Price:
    """The price of a million tokens, in US dollars."""

    input_usd_per_mtok: float = field(metadata={"min": 0.0, "max": MAX_USD, "doc": "The price of input."})
    output_usd_per_mtok: float = field(metadata={"min": 0.0, "max": MAX_USD, "doc": "The price of output."})
    cache_read_usd_per_mtok: float = field(
        default=0.0,
        metadata={
            "min": 0.0,
            "max": MAX_USD,
            "doc": "The price of sent tokens that the provider read from its cache. 0: as for others.",
        },
    )
    cache_write_usd_per_mtok: float = field(
        default=0.0,
        metadata={
            "min": 0.0,
            "max": MAX_USD,
            "doc": "The price of sent tokens that the provider wrote to its cache. 0: as for others.",
        },
    )

    def __post_init__(self) -> None:
        check_bounds(self)


@dataclass(frozen=True, slots=True)
class Provider:
    """One `[providers.NAME]` table: a frontier API that speaks OpenAI's protocol."""

    base_url: str = field(
        metadata={
            "doc": "The URL of the API: https, or http to this machine. Without a user name or password."
        }
    )
    model: str = field(metadata={"doc": "The model's name at the provider."})
    api_key_env: str = field(
        default="",
        metadata={
            "doc": "The name of the environment variable that holds the key, in upper case; never the key"
            " itself. Empty if the provider needs none.",
        },
    )
    residency: tuple[str, ...] = field(
        default=(),
        metadata={"doc": "The data classes this provider may see. Empty: it may see nothing."},
    )
    price: Price | None = field(
        default=None,
        metadata={
            "doc": "The price, if the built-in price list lacks the model or is wrong. Without a price, "
            "the cost cannot be limited, so requests are refused."
        },
    )
    max_output_tokens: int = field(
        default=4096,
        metadata={"min": 64, "max": 131_072, "doc": "The maximum length of an answer, in tokens."},
    )
    context_tokens: int = field(
        default=32_768,
        metadata={"min": 1024, "max": 10_000_000, "doc": "The maximum length of a prompt, in tokens."},
    )
    timeout_seconds: float = field(
        default=USUAL_S,
        metadata={
            "min": 1.0,
            "max": 3600.0,
            "doc": "The maximum time for a whole answer, in seconds; the limit for the first token is a "
            "quarter of it. Raise it for a model that reasons for long or runs on a slow machine.",
        },
    )
    edits: Edits = field(
        default="blocks",
        metadata={
            "choices": get_args(Edits),
            "doc": "The format in which the model writes changes: SEARCH/REPLACE `blocks`, or the changed"
            " `pieces` in full, which is more reliable with small models.",
        },
    )
    dialect: Dialect = field(
        default="chat",
        metadata={
            "choices": get_args(Dialect),
            "doc": "The API to use: `chat` completions, `messages` or `responses`. The last two are only "
            "for other tools, through `assist gateway`; assist's own questions use `chat`.",
        },
    )
    proxy: str = field(
        default="",
        metadata={"doc": "The HTTP proxy to use, as http://HOST:PORT. The environment's is ignored."},
    )
    ca_file: str = field(
        default="",
        metadata={
            "doc": "A file of certificates to trust instead of the built-in ones, for an internal gateway."
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
            "doc": "The server software: `llama.cpp`, `vllm`, `ollama`, `mistral-fim` (Mistral's own "
            "infilling protocol), or `openai` for any other server with OpenAI's completions API.",
        }
    )
    base_url: str = field(
        metadata={
            "doc": "The server's URL: https, or http to this machine. `/v1` at the end may be left out."
        }
    )
    model: str = field(metadata={"doc": "The model's name on the server."})
    api_key_env: str = field(
        default="",
        metadata={
            "doc": "The name of the environment variable that holds the key, in upper case; never the key"
            " itself. Empty if the server needs none.",
        },
    )
    residency: tuple[str, ...] = field(
        default=(),
        metadata={"doc": "The data classes this server may see. Empty: it may see nothing."},
    )
    fim: str = field(
        default="",
        metadata={
            "doc": "The model family whose infilling tokens to use (`assist models list --json` shows it). "
            "Empty: derived from the model's name."
        },
    )
    context_tokens: int = field(
        default=4096,
        metadata={"min": 1024, "max": 1_000_000, "doc": "The most tokens of prompt and answer."},
    )
    timeout_ms: int = field(
        default=500,
        metadata={
            "min": 50,
            "max": 60_000,
            "doc": "The maximum time until ghost text begins, in milliseconds after the pause in typing. "
            "Then the local model answers; after a few late answers, until the server is fast again.",
        },
    )
    price: Price | None = field(
        default=None,
        metadata={"doc": "The price, if the server charges per token. Without a price, it counts as free."},
    )
    proxy: str = field(
        default="",
        metadata={"doc": "The HTTP proxy to use, as http://HOST:PORT. The environment's is ignored."},
    )
    ca_file: str = field(
        default="",
        metadata={"doc": "A file of certificates to trust instead of the built-in ones."},
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


def usd(micro: int, *, exact: bool = False) -> str:
    """Micro-dollars as US dollars, rounded. `exact` is for comparisons: it shows every micro-dollar.

    >>> usd(0), usd(1_234), usd(2_500_000)
    ('$0', '$0.0012', '$2.50')
    >>> usd(50_001, exact=True)
    '$0.050001'
    """
    if exact:
        return f"${micro // 1_000_000}.{micro % 1_000_000:06d}"
    if micro == 0:
        return "$0"
    return f"${micro / 1e6:.2f}" if micro >= 1_000_000 else f"${micro / 1e6:.4f}"
