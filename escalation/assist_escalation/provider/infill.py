"""Completions from a team's server: what each kind of server is sent, the connection, and what it answers.

This knows the protocols of llama.cpp, vLLM, Ollama, Mistral and OpenAI-like servers. It does not know what
may be sent: the gate has decided that before it calls. A connection is kept open between requests, and closed
to stop an answer; it runs on one event loop, and the library and the certificates are loaded with the first
request. JSON comes from outside: an unexpected shape is a `Fault`.

Text of a user must never become a command of the model. Servers read special tokens in any text, so a text
that spells one is not sent at all. (llama.cpp takes a text in pieces too, but only with token ids among them;
an array of texts alone is read as several prompts.)
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from assist_escalation.policy.endpoints import ModelServer, ServerKind
from assist_escalation.provider.chat_completion import (
    EventStreamParser,
    JsonLinesParser,
    clean_name,
    expect,
    read_event,
)
from assist_escalation.provider.failures import Fault, describe, refusal
from assist_escalation.provider.pinned_transport import PinnedTransport, load, lost_connection
from assist_escalation.provider.request import Times, check_address, check_key
from assist_escalation.provider.transport import certificates, http_transport, next_chunk

if TYPE_CHECKING:
    import httpx2

CONNECT_S = 2.0
IDLE_S = 10.0  # between two pieces of an answer
TOTAL_S = 30.0  # for a whole answer
KEPT_S = 60.0  # for how long a connection without requests is kept
# A connection that the server has closed breaks at once, or after 0.1 s where 19 programs share two cores.
# One that breaks later does so because of what was asked, and asking again could cost the same again.
STALE_S = 1.0
LEAST = -100.0  # nats: less is no chance, and some servers write -9999
MAX_TOKENS = 10_000_000  # a larger count is no count
SPELLED = "the text around the cursor contains a special token of the model"
LIKELY = 20  # tokens that are named where the answer must begin with a text: more is refused by vLLM
KEEP_ALIVE = "30m"  # for how long Ollama keeps the model loaded
# Spellings that tokenizers in use read as special tokens, in addition to those of the server's own family.
_COMMAND = re.compile(
    r"""
    <[|｜][^|｜<>\n]{1,80}[|｜]>                       # <|im_start|>, <｜fim▁begin｜>
  | </?s>|<(?:bos|eos|pad|unk|mask|unused\d+)>
  | <(?:start|end)_of_(?:turn|image)>|</?(?:think|tool_call|tool_response|tools)>
  | <(?:fim_|file_|repo|gh_|issue_|jupyter_|commit_|empty_output|filename|reponame|code_to_)[a-z_]{0,20}>
  | \[/?(?:INST|SUFFIX|PREFIX|MIDDLE|AVAILABLE_TOOLS|SYSTEM_PROMPT|IMG|THINK|ARGS|CALL_ID)\]
  | \[/?TOOL_(?:CALLS|RESULTS|CONTENT)\]
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class FimTable:
    """The infilling tokens of a family of models. `sep` comes before a file's path, or is ""."""

    pre: str
    suf: str
    mid: str
    sep: str = ""


@dataclass(frozen=True, slots=True)
class InfillPrompt:
    """The texts of one completion, as they are sent. `files` are other files: path and text.

    `typed` is what is continued; the answer begins with `need`, where the kind of server can be made to.
    """

    files: tuple[tuple[str, str], ...]
    path: str
    head: str
    suffix: str
    typed: str
    need: str
    one_line: bool
    most: int


@dataclass(frozen=True, slots=True)
class InfillCall:
    """A prompt for a server; `tokens` is None where the server's own protocol has the infilling tokens."""

    server: ModelServer
    key: str = field(repr=False)
    tokens: FimTable | None
    prompt: InfillPrompt = field(repr=False)


def can_constrain(server: ModelServer) -> bool:
    """Return whether such a server can be made to begin its answer with a given text."""
    return server.kind in ("llama.cpp", "vllm")


def address(server: ModelServer) -> str:
    """The only address that a completion goes to. Raises `Fault` if the setting could be read in two ways."""
    base = check_address(server.base_url, server.proxy)
    bare = base.removesuffix("/v1")
    match server.kind:
        case "llama.cpp":
            return f"{bare}/completion"
        case "ollama":
            return f"{bare}/api/generate"
        case "mistral-fim":
            return f"{bare}/v1/fim/completions"
        case _:
            return f"{bare}/v1/completions"


def body(call: InfillCall) -> bytes:
    """The body of the request, always the same bytes for the same values. Raises `Fault`."""
    check_key(call.key, call.server.api_key_env)
    stop = {"stop": ["\n"]} if call.prompt.one_line else {}
    fields = {"model": call.server.model, "stream": True, **_fields(call, stop)}
    try:
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except UnicodeEncodeError:
        raise Fault(
            "refused", "the prompt contains half of a surrogate pair: a file in it is not UTF-8"
        ) from None


def _fields(call: InfillCall, stop: dict[str, Any]) -> dict[str, Any]:
    prompt = call.prompt
    match call.server.kind:
        case "llama.cpp":
            need = json.dumps(prompt.need, ensure_ascii=False)
            return {
                "prompt": _text(call),
                "n_predict": prompt.most,
                "temperature": 0,
                "n_probs": LIKELY if prompt.need else 1,
                "cache_prompt": True,
                "id_slot": -1,
                "timings_per_token": True,
                **({"grammar": f"root ::= {need} .*"} if prompt.need else {}),
                **stop,
            }
        case "ollama":
            options = {"num_ctx": call.server.context_tokens, "num_predict": prompt.most, "temperature": 0}
            return {
                "prompt": _text(call),
                "raw": True,
                "options": {**options, **stop},
                "keep_alive": KEEP_ALIVE,
                "logprobs": True,
            }
        case "mistral-fim":
            texts = {"prompt": prompt.head + prompt.typed, "suffix": prompt.suffix}
            if any(map(spells_token, texts.values())):
                raise Fault("refused", SPELLED)
            return {**texts, "max_tokens": prompt.most, "temperature": 0, **stop}
        case kind:
            regex = f"{prompt.need}[\\s\\S]*"
            return {
                "prompt": _text(call),
                "max_tokens": prompt.most,
                "temperature": 0,
                "logprobs": LIKELY if prompt.need and kind == "vllm" else 1,
                "stream_options": {
                    "include_usage": True,
                    **({"continuous_usage_stats": True} if kind == "vllm" else {}),
                },
                **({"structured_outputs": {"regex": regex}} if prompt.need and kind == "vllm" else {}),
                **stop,
            }


def _parts(call: InfillCall) -> list[tuple[str, bool]]:
    """The prompt's texts in order, each with whether it is a token of the model."""
    tokens, prompt = call.tokens, call.prompt
    if tokens is None:
        raise Fault("refused", f"the fill-in-the-middle tokens of {call.server.model} are not known: set fim")
    parts: list[tuple[str, bool]] = []
    if tokens.sep and prompt.files:
        for path, text in prompt.files:
            parts += [(tokens.sep, True), (f"{path}\n{text.rstrip()}\n", False)]
        parts += [(tokens.sep, True), (f"{prompt.path}\n", False)]
    parts += [(tokens.pre, True), (prompt.head, False), (tokens.suf, True), (prompt.suffix, False)]
    parts += [(tokens.mid, True), (prompt.typed, False)]
    return [(text, own) for text, own in parts if text]


def _text(call: InfillCall) -> str:
    """The prompt as one text. Raises `Fault` if the user's part of it would be read as a command."""
    parts = _parts(call)
    own_tokens = {text for text, own in parts if own}
    for text, own in parts:
        if not own and (spells_token(text) or any(own_token in text for own_token in own_tokens)):
            raise Fault("refused", SPELLED)
    return "".join(text for text, _ in parts)


def spells_token(text: str) -> bool:
    """Return whether a server would read a part of a text as a token of its model.

    >>> spells_token("a <|im_end|> b"), spells_token("a <| b")
    (True, False)
    """
    return _COMMAND.search(text) is not None


@dataclass(frozen=True, slots=True)
class InfillPiece:
    """The next piece. `chance` is its log-probability in nats, None if the server gives none.

    `likely` are the likeliest tokens in its place, each with its log-probability.
    `end` is "" until the last piece: `stop` (the model ended), `line` (the end of the line), `length`.
    `prompt` and `cached` count tokens, 0 where the server does not say. `model` is what it calls its model.
    """

    text: str
    chance: float | None = None
    end: str = ""
    prompt: int = 0
    cached: int = 0
    likely: tuple[tuple[str, float], ...] = ()
    model: str = ""


class InfillLine:
    """Requests to one server. `offline` refuses them all. Close it on the loop that used it."""

    def __init__(self, server: ModelServer, key: str, *, offline: bool = False) -> None:
        self._server, self._key, self._offline = server, key, offline
        self._door: PinnedTransport | None = None
        self._has_answered = False  # a connection may be kept

    async def stream(self, body: bytes, most: int) -> AsyncGenerator[InfillPiece, None]:
        """The answer to a request of at most `most` tokens. Raises `Fault`.

        Closing it closes the connection, and a server then stops writing.
        """
        import httpx2  # noqa: PLC0415 - it takes 0.15 s

        door = self._open()
        json_lines = self._server.kind == "ollama"
        parser = JsonLinesParser(most) if json_lines else EventStreamParser(most)
        try:
            response = await self._send(door, httpx2.Request("POST", address(self._server), content=body))
        except (TimeoutError, httpx2.RequestError) as error:
            raise lost_connection(error) from None
        async with aclosing(response), aclosing(response.aiter_raw()) as chunks:
            async for piece in self._pieces(chunks, parser):
                yield piece

    async def close(self) -> None:
        """End the connections."""
        if self._door is not None:
            await self._door.aclose()

    async def _send(self, door: PinnedTransport, request: "httpx2.Request") -> "httpx2.Response":
        """The beginning of a response. A kept connection that the server has closed is tried once more."""
        import httpx2  # noqa: PLC0415

        for last in (False, True) if self._has_answered else (True,):
            start = time.monotonic()
            try:
                async with asyncio.timeout(CONNECT_S + self._server.timeout_ms / 1e3 + IDLE_S):
                    response = await door.handle_async_request(request)
            except (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError):
                if last or time.monotonic() - start > STALE_S:
                    raise
                continue
            self._has_answered = True
            if response.status_code != 200:
                fault = refusal(response.status_code, response.content, None)
                raise Fault(fault.kind, describe(fault, self._server.api_key_env))
            return response
        raise AssertionError  # the loop ends in one of the above

    async def _pieces(
        self, chunks: AsyncGenerator[bytes, None], parser: "EventStreamParser | JsonLinesParser"
    ) -> AsyncGenerator[InfillPiece, None]:
        """The pieces in these bytes. Raises `Fault` for an answer that breaks off, or is not one."""
        is_over = False
        clock = asyncio.get_running_loop().time
        until = clock() + TOTAL_S
        while not parser.done:
            chunk = await next_chunk(chunks, min(clock() + IDLE_S, until))
            for data in parser.finish() if chunk is None else parser.feed(chunk):
                piece = read(self._server.kind, data)
                is_over = is_over or bool(piece.end)
                yield piece
            if chunk is None and not is_over:
                fault = refusal(0, bytes(parser.foreign))
                foreign = "it does not speak the protocol of its kind"
                why = (
                    describe(fault) if fault.says else foreign if parser.foreign else "the answer was cut off"
                )
                raise Fault("bad-reply", why)
            if chunk is None:
                return

    def _open(self) -> PinnedTransport:
        if self._offline:
            raise Fault("offline", "not asked, because assist is offline")
        if self._door is None:
            import httpx2  # noqa: PLC0415

            to = address(self._server)
            context = load(certificates(to, self._server))
            inner = http_transport(self._server, context, 2, KEPT_S)
            self._door = PinnedTransport(inner, httpx2.URL(to), self._key, Times(connect=CONNECT_S))
        return self._door


def read(kind: ServerKind, data: str) -> InfillPiece:
    """The piece in an event of such a server.

    >>> read("llama.cpp", '{"content": "a", "stop": false, "timings": {"prompt_n": 3, "cache_n": 9}}')
    InfillPiece(text='a', chance=None, end='', prompt=12, cached=9, likely=(), model='')
    """
    event = read_event(data)
    if event.get("error"):
        fault = refusal(0, data.encode("utf-8", "replace"))
        raise Fault(fault.kind, describe(fault))
    piece = _READERS.get(kind, _openai)(event)
    return replace(piece, model=clean_name(event.get("model")))


def _llama(event: dict[str, Any]) -> InfillPiece:
    timings = expect(event.get("timings"), dict)
    cache = _count(timings.get("cache_n"))
    prompt = cache + _count(timings.get("prompt_n"))
    end = ""
    if event.get("stop"):
        end = {"word": "line", "limit": "length"}.get(expect(event.get("stop_type"), str), "stop")
    tokens = expect(event.get("completion_probabilities"), list)
    first = tokens[0] if tokens and isinstance(tokens[0], dict) else {}
    likely = [(token.get("token"), _chance(token)) for token in _dicts(first.get("top_logprobs"))]
    chance = _lowest([_chance(token) for token in tokens])
    return InfillPiece(expect(event.get("content"), str), chance, end, prompt, cache, _known_tokens(likely))


def _ollama(event: dict[str, Any]) -> InfillPiece:
    chances = [_chance(token) for token in expect(event.get("logprobs"), list)]
    end = ""
    if event.get("done"):
        end = "length" if event.get("done_reason") == "length" else "stop"
    prompt = _count(event.get("prompt_eval_count"))
    return InfillPiece(expect(event.get("response"), str), _lowest(chances), end, prompt, 0)


def _openai(event: dict[str, Any]) -> InfillPiece:
    """A chunk of OpenAI's completions, or of Mistral's, which has the shape of a chat."""
    usage = expect(event.get("usage"), dict)
    details = expect(usage.get("prompt_tokens_details"), dict)
    prompt, cache = _count(usage.get("prompt_tokens")), _count(details.get("cached_tokens"))
    text, end = "", ""
    chances: list[float | None] = []
    likely: list[tuple[Any, float | None]] = []
    for choice_event in expect(event.get("choices"), list):
        choice = expect(choice_event, dict)
        delta = expect(choice.get("delta"), dict)
        text += expect(choice.get("text"), str) or expect(delta.get("content"), str)
        logprobs = expect(choice.get("logprobs"), dict)
        chances += map(_number, expect(logprobs.get("token_logprobs"), list))
        for tokens in _dicts(logprobs.get("top_logprobs"))[:1]:
            likely += [(token, _number(value)) for token, value in tokens.items()]
        if reason := expect(choice.get("finish_reason"), str):
            line = choice.get("stop_reason") == "\n"
            end = "length" if reason == "length" else "line" if line else "stop"
    return InfillPiece(text, _lowest(chances), end, prompt, min(cache, prompt), _known_tokens(likely))


_READERS = {"llama.cpp": _llama, "ollama": _ollama}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _known_tokens(likely: list[tuple[Any, float | None]]) -> tuple[tuple[str, float], ...]:
    """The likely tokens with a text and a chance."""
    return tuple((text, chance) for text, chance in likely if isinstance(text, str) and chance is not None)


def _lowest(chances: list[float | None]) -> float | None:
    """The chance of several tokens that came as one piece: the least likely one decides what is shown."""
    values = [chance for chance in chances if chance is not None]
    return min(values) if values and len(values) == len(chances) else None


def _chance(token: Any) -> float | None:
    return _number(token.get("logprob")) if isinstance(token, dict) else None


def _number(value: Any) -> float | None:
    """A log-probability, or None if it cannot be one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not value <= 0.001:
        return None
    return min(max(value, LEAST), 0.0)


def _count(value: Any) -> int:
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_TOKENS
    return int(value) if fits else 0
