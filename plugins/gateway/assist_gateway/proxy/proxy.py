"""The road of a tool's request to a provider, and of the answer back: everything in order, once.

    judged and made ready (`proxied_request`) -> money, intent, the call, paid -> the answer, restored

Whatever happens, an exchange that was begun is closed: at the end of the answer, when the tool goes away, or
when the road is closed. A chat is asked once more for each parameter that the provider refuses, as questions
are: newer models refuse `max_tokens` and want `max_completion_tokens`, older servers the other way round, and
some know no `stream_options`. No provider charges for such a refusal. The next attempt is a request of its
own, with its own reservation, intent and outcome, since it posts other bytes.
This module knows no rule and no dialect; it has no socket.
"""

import asyncio
import json
import re
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ParamSpec, TypeVar

from assist_escalation.audit.reader import TOOL
from assist_escalation.egress.exchange import Exchange, ReadAnswer, RefusedRequest, name_cause, record_refusal
from assist_escalation.errors import EscalationError, RefusedError
from assist_escalation.gate.prepare import get_limits
from assist_escalation.policy.permissions import Permissions
from assist_escalation.provider.chat_completion import EventStreamParser
from assist_escalation.provider.failures import Fault, Refusal, TransportError, describe, refusal
from assist_escalation.provider.provider_memory import Capabilities, model_key
from assist_escalation.provider.transport import ProviderAnswer, Transport
from assist_gateway.dialects.answers import ReaderContext
from assist_gateway.dialects.dialect import DIALECTS, LIMITS, AnswerReader, SpokenDialect
from assist_gateway.dialects.edit_tools import EditRules, offered_tools
from assist_gateway.foreign_request import (
    STREAM_HEADERS,
    ForeignRequest,
    ForeignResponse,
    GatewayRefusal,
    json_response,
    refusal_document,
    stream_event,
)
from assist_gateway.proxy.automatic_route import (
    AUTO,
    ProviderOffer,
    RouteMemory,
    automatic_decision,
    leaves,
)
from assist_gateway.proxy.proxied_request import (
    AskedProvider,
    ProxiedRequest,
    ProxyRules,
    asked_otherwise,
    proxied_request,
)
from assist_gateway.proxy.tool_conversations import (
    KnownConversations,
    ToolConversations,
    conversation_key,
)
from assist_gateway.sentences import inert_line
from assist_gateway.tool_tokens import ToolToken

THREADS_OF_TOOL = 2
_THREADS = 64  # as many requests as the gateway answers at once; they begin when they are needed

_P = ParamSpec("_P")
_R = TypeVar("_R")
_JudgedBy = tuple[AskedProvider, ProxyRules, ToolConversations]
AnswerHere = Callable[[ForeignRequest], Awaitable[ForeignResponse]]

_AGAIN = re.compile(r"[\w ,:+.-]{1,60}", re.ASCII)  # seconds, or a date
_TOO_DEEP = Fault("bad-reply", "an event of the answer is nested too deeply")
_STATUSES = {"timeout": 504, "offline": 503, "unreachable": 502, "rate-limited": 429}
_MAX_REFUSAL = 1 << 16  # bytes of a provider's refusal
_COUNTED = 400_000  # characters of an answer
_STREAM_OPTIONS = "stream_options"


@dataclass(frozen=True, slots=True)
class ProxyParts:
    """What the road works with. The functions read the disk.

    `permissions` gives what a tool may send now, `rules` all that holds for it and a provider, `file` what
    the tool may change, and `problem` what is wrong with the rules of its folders, or "". `edit_servers` are
    those in the settings. `close` lets all files go.
    """

    permissions: Callable[[ToolToken], Permissions]
    rules: Callable[[ToolToken, str, Permissions], ProxyRules]
    file: Callable[[ToolToken, str, Permissions, str], str | None]
    transport: Transport
    routes: RouteMemory
    problem: Callable[[ToolToken], str] = lambda _: ""
    edit_servers: tuple[str, ...] = ()
    close: Callable[[], None] = lambda: None


class JudgingThreads:
    """Threads that judge requests: a few for each tool, so that no tool waits for what another one sends.

    Most of the work holds Python's lock, so more threads of one tool would only take time from the others.
    Its requests for one provider are judged one after the other anyway, since each learns from those before.
    Use it on one event loop.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, "judging")
        self._turns: dict[str, asyncio.Semaphore] = {}

    async def run(self, tool: str, work: Callable[_P, _R], *given: _P.args, **named: _P.kwargs) -> _R:
        """What the work returns, when it is this tool's turn. A turn ends with the work, awaited or not."""
        turns = self._turns.setdefault(tool, asyncio.Semaphore(THREADS_OF_TOOL))
        await turns.acquire()
        running = asyncio.get_running_loop().run_in_executor(self._pool, partial(work, *given, **named))
        running.add_done_callback(lambda _: turns.release())
        return await asyncio.shield(running)

    def close(self) -> None:
        """Begin no more work. What runs goes on to its end."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class ProviderProxy:
    """The road for all tools of one gateway. Close it on the event loop that uses it."""

    def __init__(
        self, parts: ProxyParts, local: AnswerHere | None = None, known: KnownConversations | None = None
    ) -> None:
        self._parts = parts
        self._local = local
        self._known = known or KnownConversations()
        self._open: set[_StreamedAnswer] = set()
        self._threads = JudgingThreads()

    async def forward(self, request: ForeignRequest, tool: ToolToken) -> ForeignResponse:
        """Answer a request by the provider that it names. Raises `GatewayRefusal` and `EscalationError`."""
        dialect = DIALECTS.get(request.path)
        if dialect is None:
            raise GatewayRefusal(404, "unknown_url", f"No provider here uses the path {request.path}.")
        if request.body.get("model") == AUTO and dialect.name == "chat" and self._local is not None:
            provider = await self._threads.run(tool.name, self._route, request, tool, dialect)
            if not provider:
                return await self._local(replace(request, body={**request.body, "model": "local"}))
            request = replace(request, body={**request.body, "model": provider})
        prepared = await self._threads.run(tool.name, self._prepare, request, tool, dialect)
        return await self._ask(request, *prepared)

    def _prepare(
        self, request: ForeignRequest, tool: ToolToken, dialect: SpokenDialect
    ) -> tuple[_JudgedBy, ProxiedRequest]:
        """The request as it leaves, or a refusal in the log. All on one thread: to change it takes time."""
        permissions = self._parts.permissions(tool)
        asked = asked_provider(request.body, dialect, tool, permissions)
        rules = self._parts.rules(tool, asked.provider, permissions)
        known = self._conversations_of(asked, rules)
        try:
            proxied = proxied_request(dict(request.body), request.headers, asked, rules, known)
        except EscalationError as error:
            refused = RefusedRequest(secrets.token_hex(6), rules.scope, TOOL + tool.name, asked.provider)
            record_refusal(rules.gate.log, refused, name_cause(error))
            if name_cause(error) == "policy" and (problem := self._parts.problem(tool)):
                raise RefusedError("policy", f"{error} ({problem})") from None
            raise
        return (asked, rules, known), proxied

    async def close(self) -> None:
        """End the answers under way, with their outcome, and all connections."""
        for answering in list(self._open):
            await answering.aclose()
        self._threads.close()
        await self._parts.transport.close()
        await asyncio.to_thread(self._parts.close)

    def providers(self, tool: ToolToken) -> tuple[str, ...]:
        """The names of the providers that a tool may ask. It reads the disk."""
        names = tuple(self._parts.permissions(tool).providers) if tool.unattributed else ()
        return (*names, AUTO) if names and self._local is not None else names

    def _route(self, request: ForeignRequest, tool: ToolToken, dialect: SpokenDialect) -> str:
        """The provider that answers a request for `auto`, or "" for the local model."""
        permissions = self._parts.permissions(tool)
        names = [name for name, found in permissions.providers.items() if found.dialect == dialect.name]
        offer = ProviderOffer("", None, ("", ""))
        if names:
            body = json.loads(json.dumps({**request.body, "model": names[0]}))
            asked = asked_provider(body, dialect, tool, permissions)
            rules = self._parts.rules(tool, names[0], permissions)
            left = rules.gate.ledger.remaining(rules.scope, get_limits(permissions))
            try:
                known = self._conversations_of(asked, rules)
                proxied = proxied_request(body, request.headers, asked, rules, known)
                offer = ProviderOffer(names[0], proxied, ("", ""), left)
            except EscalationError as error:
                offer = ProviderOffer(names[0], None, (name_cause(error), str(error).rstrip(".")), left)
        decision = automatic_decision(request.body, offer, permissions, self._parts.routes)
        self._parts.routes.record(secrets.token_hex(6), decision)
        return offer.provider if leaves(decision, permissions) else ""

    def _conversations_of(self, asked: AskedProvider, rules: ProxyRules) -> ToolConversations:
        patterns = rules.permissions.patterns

        def make() -> ToolConversations:
            secret = conversation_key(rules.gate.secret(), asked.tool.name, asked.provider)
            return ToolConversations(rules.gate.known, patterns, secret)

        return self._known.find((asked.tool.name, asked.provider, *patterns), make)

    async def _ask(self, request: ForeignRequest, by: _JudgedBy, proxied: ProxiedRequest) -> ForeignResponse:
        asked, rules, known = by
        try:
            begun = await _begin_answer(proxied, asked, rules, self._parts.transport)
        except TransportError as error:
            raise _refusal_of(error) from None
        proxied = begun.proxied
        if begun.refused is not None:
            proxied.note_posted(shown=False)
            return _passed_on(begun.refused, request.path)
        file = partial(self._parts.file, asked.tool, asked.provider, rules.permissions)
        edits = EditRules(file, self._parts.edit_servers, offered_tools(request.body))
        notice = proxied.note_posted(shown=not asked.dialect.free)
        post = proxied.post
        context = ReaderContext(proxied.secrets, edits, known.memory, post.max_output, notice)
        reader = asked.dialect.reader(context, len(post.body), _wants_usage(request.body))
        begun.exchange.read = partial(_counted_answer, reader)
        answering = _StreamedAnswer(begun.exchange, reader, asked.dialect, self._open.discard)
        self._open.add(answering)
        if begun.answer.is_stream:
            answering.begin(post.max_output)
            return ForeignResponse(200, STREAM_HEADERS, answering)
        try:
            return await _whole(begun.exchange, reader)
        finally:
            await answering.aclose()


def asked_provider(
    body: Mapping[str, Any], dialect: SpokenDialect, tool: ToolToken, permissions: Permissions
) -> AskedProvider:
    """The provider that a request names: by its name, its model, or both. Raises `GatewayRefusal`."""
    model = body.get("model")
    for name, endpoint in permissions.providers.items():
        if model in (name, endpoint.model, f"{name}/{endpoint.model}"):
            if endpoint.dialect != dialect.name:
                raise GatewayRefusal(
                    400,
                    "dialect",
                    f"{name} speaks {endpoint.dialect}, and assist does not translate: send the request in "
                    f'that dialect, or set dialect = "{dialect.name}" in [providers.{name}] if its server '
                    "supports that.",
                )
            return AskedProvider(tool, name, endpoint, dialect)
    known = [name for name, endpoint in permissions.providers.items() if endpoint.dialect == dialect.name]
    there = f"choose from {', '.join(known)}" if known else f"there is none for {dialect.name}"
    local = "" if dialect.name == "chat" else " The local model answers only /v1/chat/completions."
    raise GatewayRefusal(
        404, "model_not_found", f"No provider here has the model {str(model)[:80]!r}: {there}.{local}"
    )


@dataclass(frozen=True, slots=True)
class _BegunAnswer:
    """The beginning of an answer to a request, or the refusal; the exchange of a refusal is closed."""

    proxied: ProxiedRequest
    exchange: Exchange = field(repr=False)
    answer: ProviderAnswer = field(repr=False)
    refused: Refusal | None = None


async def _begin_answer(
    proxied: ProxiedRequest, asked: AskedProvider, rules: ProxyRules, transport: Transport
) -> _BegunAnswer:
    """Ask, and again without a parameter that is refused. What then works is remembered.

    Raises what `Exchange.post` raises, and `TransportError` for a refusal that breaks off.
    """
    abilities = rules.abilities
    tried: set[str] = set()
    while True:
        exchange = Exchange(proxied.outbound, rules.gate)
        answer = await exchange.post(proxied.post, transport, rules.gate.keys)
        if answer.status == 200:
            break
        refused = await _read_refusal(answer, exchange)
        parameter = _objection(refused, proxied.body, tried) if asked.dialect.name == "chat" else ""
        if not parameter:
            return _BegunAnswer(proxied, exchange, answer, refused)
        tried.add(parameter)
        abilities = _without(abilities or Capabilities(), proxied.body, parameter)
        proxied = await asyncio.to_thread(asked_otherwise, proxied, asked, abilities)
    if abilities is not None and abilities != rules.abilities:
        key = model_key(asked.provider, asked.endpoint.base_url, asked.endpoint.model)
        try:
            await asyncio.to_thread(transport.abilities.remember, key, abilities)
        except asyncio.CancelledError:  # the tool has gone, and no one else closes it yet
            await exchange.close()
            raise
    return _BegunAnswer(proxied, exchange, answer)


async def _read_refusal(answer: ProviderAnswer, exchange: Exchange) -> Refusal:
    """A provider's refusal. Closes the exchange: it is paid by what the refusal says."""
    body = bytearray()
    try:
        async with aclosing(exchange.chunks()) as chunks:
            async for chunk in chunks:
                body += chunk[: _MAX_REFUSAL - len(body)]
        found = refusal(answer.status, bytes(body), answer.retry_after)
        exchange.refuse(found.usage)
        return found
    finally:
        await exchange.close()


def _objection(refused: Refusal, body: Mapping[str, Any], tried: set[str]) -> str:
    """The parameter of a request to which a refusal objects, "" for none, or for one that has another name.

    A limit that is refused by both of its names is refused.
    """
    limits = [] if tried.intersection(LIMITS) else [name for name in LIMITS if name in body]
    options = [_STREAM_OPTIONS] if _STREAM_OPTIONS in body and _STREAM_OPTIONS not in tried else []
    return next((name for name in (*options, *limits) if refused.names(name)), "")


def _without(abilities: Capabilities, body: Mapping[str, Any], parameter: str) -> Capabilities:
    """How to ask after the refusal; the tool may have named the limit, so its name tells which is wanted."""
    newer, older = LIMITS
    if parameter in LIMITS:
        return replace(abilities, max_completion_tokens=parameter == older)
    return replace(abilities, stream_usage=False, max_completion_tokens=newer in body)


class _StreamedAnswer:
    """A streamed answer as the tool gets it. To close it closes the exchange, begun or not."""

    def __init__(
        self,
        exchange: Exchange,
        reader: AnswerReader,
        dialect: SpokenDialect,
        forget: Callable[["_StreamedAnswer"], None],
    ) -> None:
        self._exchange, self._reader, self._dialect, self._forget = exchange, reader, dialect, forget
        self._events: AsyncGenerator[bytes, None] | None = None

    def begin(self, max_output: int) -> None:
        """Read the answer of at most so many tokens."""
        self._events = self._pass(EventStreamParser(max_output))

    def __aiter__(self) -> "_StreamedAnswer":
        return self

    async def __anext__(self) -> bytes:
        if self._events is None:
            raise StopAsyncIteration
        return await anext(self._events)

    async def aclose(self) -> None:
        """End the answer, and write down what it cost."""
        self._forget(self)
        try:
            if self._events is not None:
                await self._events.aclose()
        finally:
            await self._exchange.close()

    async def _pass(self, parser: EventStreamParser) -> AsyncGenerator[bytes, None]:
        try:
            async with aclosing(self._exchange.chunks()) as chunks:
                async for chunk in chunks:
                    if passed := self._lines(parser.feed(chunk)):
                        yield passed
                    if parser.done:
                        break
            rest = self._lines([*parser.finish(), ""])
            if not self._reader.read().finish:
                raise Fault("bad-reply", "the answer was cut off")
            yield rest + (b"data: [DONE]\n\n" if parser.done else b"")
            if parser.done:
                await self._exchange.drain()
        except (Fault, TransportError, RecursionError) as error:
            fault = _TOO_DEEP if isinstance(error, RecursionError) else error
            failed = self._exchange.fault(fault) if isinstance(fault, Fault) else fault
            yield self._line(json.dumps(_error_event(self._dialect, failed)))
        finally:
            await self._exchange.close()
            self._forget(self)

    def _lines(self, events: Sequence[str]) -> bytes:
        return b"".join(self._line(passed) for data in events for passed in self._reader.event(data))

    def _line(self, data: str) -> bytes:
        return stream_event(data, json.loads(data).get("type") if self._dialect.named else "")


async def _whole(exchange: Exchange, reader: AnswerReader) -> ForeignResponse:
    """An answer that is not streamed."""
    body = bytearray()
    try:
        async with aclosing(exchange.chunks()) as chunks:
            async for chunk in chunks:
                body += chunk
        answer = json.loads(body)
        if not isinstance(answer, dict):
            raise ValueError
        return json_response(reader.whole(answer))
    except (ValueError, RecursionError):
        raise _refusal_of(exchange.fault(Fault("bad-reply", "the answer is not a JSON object"))) from None
    except Fault as fault:
        raise _refusal_of(exchange.fault(fault)) from None
    except TransportError as error:
        raise _refusal_of(error) from None


def _counted_answer(reader: AnswerReader) -> ReadAnswer:
    """What was read so far, with as much text as is counted where the provider gives no count."""
    read = reader.read()
    return replace(read, text=read.text[:_COUNTED])


def _passed_on(found: Refusal, path: str) -> ForeignResponse:
    """A provider's refusal in the words of its code. A status that is no error of HTTP is a wrong answer."""
    again = found.retry_after or ""
    headers = {"retry-after": again} if _AGAIN.fullmatch(again) else {}
    status = found.status if 400 <= found.status < 600 else 502
    document = refusal_document(path, GatewayRefusal(status, found.code or found.kind, _words(found)))
    response = json_response(document, status)
    return ForeignResponse(response.status, {**response.headers, **headers}, response.chunks)


def _words(found: Refusal) -> str:
    return f"The provider refused: {describe(found)}."


def _refusal_of(error: TransportError) -> GatewayRefusal:
    return GatewayRefusal(_STATUSES.get(error.kind, 502), error.kind, str(error))


def _error_event(dialect: SpokenDialect, error: TransportError) -> dict[str, Any]:
    """The event for an answer that broke off."""
    said = {"type": "api_error", "code": error.kind, "message": inert_line(str(error))}
    if dialect.name == "responses":
        return {"type": "error", **said}
    return {"type": "error", "error": said} if dialect.named else {"error": said}


def _wants_usage(body: Mapping[str, Any]) -> bool:
    options = body.get("stream_options")
    return isinstance(options, dict) and bool(options.get("include_usage"))
