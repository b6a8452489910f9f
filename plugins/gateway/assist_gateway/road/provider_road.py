"""The road of a tool's request to a provider, and of the answer back: everything in order, once.

    judged and made ready (`leaving_request`) -> money, intent, the call (`attempts`) -> the answer, restored

Whatever happens, an exchange that was begun is closed: at the end of the answer, when the tool goes away, or
when the road is closed. This module knows no rule and no dialect; it has no socket.
"""

import asyncio
import json
import re
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from types import TracebackType
from typing import Any

from assist_escalation.errors import EscalationError, RefusedError
from assist_escalation.gate.audit_events import RefusedRequest, cause_of, record_refusal
from assist_escalation.gate.foreign_exchange import COMMAND, ForeignExchange, ForeignParts
from assist_escalation.gate.prepare import limits_of
from assist_escalation.policy.permissions import Permissions
from assist_escalation.provider.chat_completion import EventStreamParser
from assist_escalation.provider.failures import Fault, Refusal, TransportError, describe
from assist_escalation.provider.foreign_post import ForeignConnections
from assist_escalation.provider.provider_memory import CapabilityStore
from assist_gateway.dialects.answers import AnswerContext
from assist_gateway.dialects.dialect import DIALECTS, AnswerReader, SpokenDialect
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
from assist_gateway.road.attempts import begin_answer
from assist_gateway.road.automatic_route import (
    AUTO,
    ProviderOffer,
    RouteMemory,
    automatic_decision,
    leaves,
)
from assist_gateway.road.judging_threads import JudgingThreads
from assist_gateway.road.leaving_request import (
    AskedProvider,
    LeavingRequest,
    RoadRules,
    leaving_request,
)
from assist_gateway.road.tool_conversations import (
    KnownConversations,
    ToolConversations,
    conversation_key,
)
from assist_gateway.sentences import inert_line
from assist_gateway.tool_tokens import ToolToken

_JudgedBy = tuple[AskedProvider, RoadRules, ToolConversations]
AnswerHere = Callable[[ForeignRequest], Awaitable[ForeignResponse]]

_AGAIN = re.compile(r"[\w ,:+.-]{1,60}", re.ASCII)  # seconds, or a date
_TOO_DEEP = Fault("bad-reply", "an event of the answer is nested too deep")
_STATUSES = {"timeout": 504, "offline": 503, "unreachable": 502, "rate-limited": 429}


@dataclass(frozen=True, slots=True)
class RoadParts:
    """What the road works with. The functions read the disk.

    `permissions` gives what a tool may send now, `rules` all that holds for it and a provider, `file` what
    the tool may change, and `problem` what is wrong with the rules of its folders, or "". `edit_servers` are
    those in the settings. `close` lets all files go.
    """

    permissions: Callable[[ToolToken], Permissions]
    rules: Callable[[ToolToken, str, Permissions], RoadRules]
    file: Callable[[ToolToken, str, Permissions, str], str | None]
    connections: ForeignConnections
    abilities: CapabilityStore
    routes: RouteMemory
    problem: Callable[[ToolToken], str] = lambda _: ""
    edit_servers: tuple[str, ...] = ()
    close: Callable[[], None] = lambda: None


class ProviderRoad:
    """The road for all tools of one gateway. Close it on the event loop that uses it."""

    def __init__(
        self, parts: RoadParts, local: AnswerHere | None = None, known: KnownConversations | None = None
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
            raise GatewayRefusal(404, "unknown_url", f"No provider is asked by {request.path} here.")
        if request.body.get("model") == AUTO and dialect.name == "chat" and self._local is not None:
            provider = await self._threads.run(tool.name, self._route, request, tool, dialect)
            if not provider:
                return await self._local(replace(request, body={**request.body, "model": "local"}))
            request = replace(request, body={**request.body, "model": provider})
        prepared = await self._threads.run(tool.name, self._prepare, request, tool, dialect)
        return await self._ask(request, *prepared)

    def _prepare(
        self, request: ForeignRequest, tool: ToolToken, dialect: SpokenDialect
    ) -> tuple[_JudgedBy, LeavingRequest]:
        """The request as it leaves, or a refusal in the log. All on one thread: to change it takes time."""
        permissions = self._parts.permissions(tool)
        asked = asked_provider(request.body, dialect, tool, permissions)
        rules = self._parts.rules(tool, asked.provider, permissions)
        known = self._conversations_of(asked, rules)
        try:
            leaving = leaving_request(dict(request.body), request.headers, asked, rules, known)
        except EscalationError as error:
            refused = RefusedRequest(secrets.token_hex(6), rules.scope, COMMAND + tool.name, asked.provider)
            record_refusal(rules.gate.log, refused, cause_of(error))
            if cause_of(error) == "policy" and (problem := self._parts.problem(tool)):
                raise RefusedError("policy", f"{error} ({problem})") from None
            raise
        return (asked, rules, known), leaving

    async def close(self) -> None:
        """End the answers under way, with their outcome, and all connections."""
        for answering in list(self._open):
            await answering.aclose()
        self._threads.close()
        await self._parts.connections.close()
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
            left = rules.gate.ledger.remaining(rules.scope, limits_of(permissions))
            try:
                known = self._conversations_of(asked, rules)
                leaving = leaving_request(body, request.headers, asked, rules, known)
                offer = ProviderOffer(names[0], leaving, ("", ""), left)
            except EscalationError as error:
                offer = ProviderOffer(names[0], None, (cause_of(error), str(error).rstrip(".")), left)
        decision = automatic_decision(request.body, offer, permissions, self._parts.routes)
        self._parts.routes.record(secrets.token_hex(6), decision)
        return offer.provider if leaves(decision, permissions) else ""

    def _conversations_of(self, asked: AskedProvider, rules: RoadRules) -> ToolConversations:
        patterns = rules.permissions.patterns

        def make() -> ToolConversations:
            secret = conversation_key(rules.gate.secret(), asked.tool.name, asked.provider)
            return ToolConversations(rules.gate.known, patterns, secret)

        return self._known.find((asked.tool.name, asked.provider, *patterns), make)

    async def _ask(self, request: ForeignRequest, by: _JudgedBy, leaving: LeavingRequest) -> ForeignResponse:
        asked, rules, known = by
        parts = ForeignParts(rules.gate, self._parts.connections)
        try:
            begun = await begin_answer(leaving, asked, parts, self._parts.abilities, rules.abilities)
        except TransportError as error:
            raise _refusal_of(error) from None
        leaving = begun.leaving
        if begun.refused is not None:
            leaving.note_posted(shown=False)
            return _passed_on(begun.refused, request.path)
        file = partial(self._parts.file, asked.tool, asked.provider, rules.permissions)
        edits = EditRules(file, self._parts.edit_servers, offered_tools(request.body))
        notice = leaving.note_posted(shown=not asked.dialect.free)
        most = leaving.call.post.max_output
        context = AnswerContext(leaving.secrets, edits, known.memory, most, notice)
        reader = asked.dialect.reader(context, len(leaving.call.post.body), _wants_usage(request.body))
        answering = _StreamedAnswer(begun.exchange, reader, asked.dialect, self._open.discard)
        self._open.add(answering)
        if begun.answer.is_stream:
            answering.begin(leaving.call.post.max_output)
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
                    f"{name} speaks {endpoint.dialect}, and assist translates nothing: ask it that way, or "
                    f'set dialect = "{dialect.name}" in [providers.{name}] if its server knows that.',
                )
            return AskedProvider(tool, name, endpoint, dialect)
    known = [name for name, endpoint in permissions.providers.items() if endpoint.dialect == dialect.name]
    names = ", ".join(known) or "none"
    raise GatewayRefusal(
        404, "model_not_found", f"No provider here has the model {str(model)[:80]!r}: there is {names}."
    )


class _StreamedAnswer(AsyncGenerator[bytes, None]):
    """A streamed answer as the tool gets it. To close it closes the exchange, begun or not."""

    def __init__(
        self,
        exchange: ForeignExchange,
        reader: AnswerReader,
        dialect: SpokenDialect,
        forget: Callable[["_StreamedAnswer"], None],
    ) -> None:
        self._exchange, self._reader, self._dialect, self._forget = exchange, reader, dialect, forget
        self._events: AsyncGenerator[bytes, None] | None = None

    def begin(self, max_output: int) -> None:
        """Read the answer of at most so many tokens."""
        self._events = self._pass(EventStreamParser(max_output))

    async def asend(self, value: None) -> bytes:
        if self._events is None:
            raise StopAsyncIteration
        return await self._events.asend(value)

    async def athrow(
        self,
        typ: type[BaseException] | BaseException,
        val: object = None,
        tb: TracebackType | None = None,
    ) -> bytes:
        del val, tb
        await self.aclose()
        raise typ if isinstance(typ, BaseException) else typ()

    async def aclose(self) -> None:
        """End the answer, and write down what it cost."""
        self._forget(self)
        try:
            if self._events is not None:
                await self._events.aclose()
        finally:
            self._exchange.read = self._reader.read()
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
            self._exchange.read = self._reader.read()
            if not self._exchange.read.finish:
                raise Fault("bad-reply", "the answer was cut off")
            yield rest + (b"data: [DONE]\n\n" if parser.done else b"")
            if parser.done:
                await self._exchange.drain()
        except (Fault, TransportError, RecursionError) as error:
            fault = _TOO_DEEP if isinstance(error, RecursionError) else error
            failed = self._exchange.fault(fault) if isinstance(fault, Fault) else fault
            yield self._line(json.dumps(_error_event(self._dialect, failed)))
        finally:
            self._exchange.read = self._reader.read()
            await self._exchange.close()
            self._forget(self)

    def _lines(self, events: Sequence[str]) -> bytes:
        return b"".join(self._line(passed) for data in events for passed in self._reader.event(data))

    def _line(self, data: str) -> bytes:
        return stream_event(data, json.loads(data).get("type") if self._dialect.named else "")


async def _whole(exchange: ForeignExchange, reader: AnswerReader) -> ForeignResponse:
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
        raise _refusal_of(exchange.fault(Fault("bad-reply", "the answer is no JSON object"))) from None
    except Fault as fault:
        raise _refusal_of(exchange.fault(fault)) from None
    except TransportError as error:
        raise _refusal_of(error) from None


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
