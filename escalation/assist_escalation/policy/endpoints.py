"""Endpoints of requests: `[providers.NAME]` and `[servers.NAME]`, each with its address, model and price.

It holds the name of a key's variable, never a key. Nothing here says what may be sent.
"""

from dataclasses import dataclass, field
from typing import Literal, get_args

from assist_context.settings import setting
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

    input_usd_per_mtok: float = field(
        metadata={"min": 0.0, "max": MAX_USD, "doc": "The price of input, in US dollars per million tokens."}
    )
    output_usd_per_mtok: float = field(
        metadata={"min": 0.0, "max": MAX_USD, "doc": "The price of output, in US dollars per million tokens."}
    )
    cache_read_usd_per_mtok: float = setting(
        0.0,
        "The price of input that the provider reads from its cache, in US dollars per million tokens. 0: "
        "the price of other input.",
        min=0.0,
        max=MAX_USD,
    )
    cache_write_usd_per_mtok: float = setting(
        0.0,
        "The price of input that the provider writes to its cache, in US dollars per million tokens. 0: the "
        "price of other input.",
        min=0.0,
        max=MAX_USD,
    )

    def __post_init__(self) -> None:
        check_bounds(self)


@dataclass(frozen=True, slots=True)
class Provider:
    """One `[providers.NAME]` table: a frontier API that speaks OpenAI's protocol."""

    base_url: str = field(
        metadata={
            "doc": "The URL of the API: https, or http to this machine. It may not contain a user name or a "
            "password."
        }
    )
    model: str = field(metadata={"doc": "The provider's name for the model."})
    api_key_env: str = setting(
        "",
        "The name of the environment variable that holds the key, in upper case; never the key itself. "
        "Empty: the provider needs no key.",
    )
    residency: tuple[str, ...] = setting(
        (), "The data classes that this provider may see. Empty: it may see nothing."
    )
    price: Price | None = setting(
        None,
        "The provider's price. Set it if the built-in price list lacks the model or is wrong. If the price "
        "is unknown, assist cannot limit the cost and refuses requests to this provider, unless "
        "`allow_unknown_price` is true.",
    )
    max_output_tokens: int = setting(4096, "The maximum length of an answer, in tokens.", min=64, max=131_072)
    context_tokens: int = setting(
        32_768, "The maximum length of a prompt, in tokens.", min=1024, max=10_000_000
    )
    timeout_seconds: float = setting(
        USUAL_S,
        "The maximum time for a whole answer, in seconds. The first token must arrive within a quarter of "
        "this time. Raise it for a model that reasons for a long time or runs on a slow machine.",
        min=1.0,
        max=3600.0,
    )
    edits: Edits = setting(
        "blocks",
        "The format in which the model writes changes: SEARCH/REPLACE `blocks` (the old lines and the new "
        "ones), or the complete text of each changed part (`pieces`), which is more reliable with small "
        "models.",
        choices=get_args(Edits),
    )
    dialect: Dialect = setting(
        "chat",
        "The API that assist uses: `chat` completions, `messages` or `responses`. The last two serve only "
        "other tools, through `assist gateway`; assist's own questions need `chat`.",
        choices=get_args(Dialect),
    )
    proxy: str = setting(
        "", "The HTTP proxy to use, as http://HOST:PORT. Proxies in environment variables are ignored."
    )
    ca_file: str = setting(
        "",
        "A file with the certificates to trust instead of those that the system trusts, for an internal "
        "gateway.",
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
            "protocol for code completion), or `openai` for any other server with OpenAI's completions API.",
        }
    )
    base_url: str = field(
        metadata={"doc": "The server's URL: https, or http to this machine. You can omit `/v1` at the end."}
    )
    model: str = field(metadata={"doc": "The server's name for the model."})
    api_key_env: str = setting(
        "",
        "The name of the environment variable that holds the key, in upper case; never the key itself. "
        "Empty: the server needs no key.",
    )
    residency: tuple[str, ...] = setting(
        (), "The data classes that this server may see. Empty: it may see nothing."
    )
    fim: str = setting(
        "",
        "The model's family, which decides the special tokens that mark the code before and after the "
        "cursor. `assist models list --json` shows the families. Empty: derived from the model's name.",
    )
    context_tokens: int = setting(
        4096, "The maximum number of tokens in prompt and answer together.", min=1024, max=1_000_000
    )
    timeout_ms: int = setting(
        500,
        "The maximum time from the pause in typing until ghost text begins, in milliseconds. If the server "
        "is later, the local model answers. After a few late answers, assist uses only the local model "
        "until the server is fast again.",
        min=50,
        max=60_000,
    )
    price: Price | None = setting(
        None, "The price, if the server charges per token. Without a price, the server counts as free."
    )
    proxy: str = setting(
        "", "The HTTP proxy to use, as http://HOST:PORT. Proxies in environment variables are ignored."
    )
    ca_file: str = setting(
        "", "A file with the certificates to trust instead of those that the system trusts."
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
