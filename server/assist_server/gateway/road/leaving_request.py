"""A tool's request on its way to a provider: everything about it before money is reserved.

    inspected -> unattributed text allowed? -> files that stay are cut -> secrets taken out -> bounded, priced

A stage that fails refuses the request. It blocks for some milliseconds, longer for what is new. It sends
nothing.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from assist_context.files.path_names import path_below
from assist_escalation.budget import prices
from assist_escalation.budget.ledger import Ceiling, Scope
from assist_escalation.budget.token_count import upper_count
from assist_escalation.errors import RefusedError
from assist_escalation.gate.foreign.exchange import COMMAND, ForeignCall
from assist_escalation.gate.foreign.json_places import JsonPlace
from assist_escalation.gate.foreign.string_redaction import RedactedPlaces
from assist_escalation.gate.prepare import FREE, GateParts, affordable, limits_of
from assist_escalation.policy.endpoints import Price, Provider
from assist_escalation.policy.permissions import Permissions
from assist_escalation.policy.verdict import judge_tool_texts
from assist_escalation.prompts import Origin, Span
from assist_escalation.provider.foreign_post import ForeignPost, passed_headers
from assist_escalation.provider.provider_memory import Capabilities
from assist_escalation.redaction.redactor import clean
from assist_server.gateway.claims import claims_in_text
from assist_server.gateway.dialects.answers import canonical
from assist_server.gateway.dialects.bodies import BadBodyError, InspectedBody, OutputBound
from assist_server.gateway.dialects.dialect import SpokenDialect
from assist_server.gateway.road.kept_texts import JudgeText, KeptLines, kept_notice
from assist_server.gateway.road.tool_conversations import SaidMessages, ToolConversation, ToolConversations
from assist_server.gateway.tool_tokens import ToolToken

_MOST_NAMED = 200  # files of one request in the log
# What a cache of an hour costs more than one of five minutes, which a price is for: 2.0 against 1.25.
_LONG_CACHE = 1.6


@dataclass(frozen=True, slots=True)
class RoadRules:
    """What holds for one tool and one provider now. `gate` has the values of secret files as they are.

    `abilities` are None as long as the provider has refused no parameter.
    """

    permissions: Permissions
    gate: GateParts
    judge: JudgeText
    scope: Scope
    abilities: Capabilities | None


@dataclass(frozen=True, slots=True)
class AskedProvider:
    """Who is asked in which dialect, and by which tool."""

    tool: ToolToken
    provider: str
    endpoint: Provider
    dialect: SpokenDialect


@dataclass(frozen=True, slots=True)
class LeavingRequest:
    """A request exactly as it would be posted, its conversation, and what that gains if it is posted.

    `body` is what its bytes were made of, `items` are the hashes of its messages, and `kept` the lines that
    were kept here. `said` is what was said in it, if any line was kept.
    """

    call: ForeignCall
    conversation: ToolConversation = field(repr=False)
    body: dict[str, Any] = field(repr=False)
    items: tuple[bytes, ...] = field(repr=False)
    kept: tuple[KeptLines, ...]
    said: SaidMessages = field(default=SaidMessages(), repr=False)

    def note_posted(self, *, shown: bool) -> str:
        """Remember what the log has now; what the tool's user is told at the beginning of the answer.

        An answer that is not `shown`, such as a count of tokens, tells nothing.
        """
        self.conversation.note_logged(self.items)
        return kept_notice(self.conversation.news(self.kept, self.said)) if shown else ""


def leaving_request(
    body: dict[str, Any],
    headers: Mapping[str, str],
    asked: AskedProvider,
    rules: RoadRules,
    known: ToolConversations,
) -> LeavingRequest:
    """The request as it leaves; `body` is changed. Raises `RefusedError` and other `EscalationError`s."""
    permissions = rules.permissions
    if asked.dialect.drop:
        asked.dialect.drop(body, known.memory.knows_opaque)
    inspected = asked.dialect.inspect(body, permissions.gateway_uninspected)
    classes = _check_allowed(asked, permissions)
    conversation = known.find(inspected.first_words)
    passed = passed_headers(headers)
    kept, redacted = _without_secrets(inspected, passed, rules, known)
    conversation.placeholders |= redacted.placeholders
    price = _price(asked, permissions, inspected)
    session = f"{conversation.name}-"
    ceilings = _ceilings(asked.tool, permissions, session)
    tokens = redacted.tokens + _tokens_around(body, asked.dialect)
    _check_length(tokens, asked)
    limits = replace(limits_of(permissions), ceilings=ceilings)
    left = min(permissions.request_micro, rules.gate.ledger.remaining(rules.scope, limits))
    longest = asked.endpoint.max_output_tokens
    most = affordable(price, tokens, min(inspected.asked_output or longest, longest), left)
    upper = 0 if asked.dialect.free else prices.upper_micro(price, tokens, most)
    _bound(body, asked, most, rules.abilities)
    payload, items = _payload(body, asked.dialect)
    facts = _facts(items, conversation, (inspected, kept, redacted), classes, asked.tool.folders)
    facts["payload_sha256"] = hashlib.sha256(payload).hexdigest()
    post = ForeignPost(
        asked.provider, asked.endpoint, asked.dialect.path, payload, headers, inspected.stream, most
    )
    call = ForeignCall(
        session + secrets.token_hex(6),
        asked.tool.name,
        conversation.name,
        rules.scope,
        permissions,
        price,
        post,
        tokens,
        upper,
        ceilings,
        facts,
    )
    said = _messages_of(body, asked.dialect) if kept else SaidMessages()
    return LeavingRequest(call, conversation, body, _digests(items), tuple(kept), said)


def asked_otherwise(leaving: LeavingRequest, asked: AskedProvider, abilities: Capabilities) -> LeavingRequest:
    """The same request, with an id of its own, for a provider that has refused a parameter of it."""
    call = leaving.call
    _bound(leaving.body, asked, call.post.max_output, abilities)
    payload, items = _payload(leaving.body, asked.dialect)
    facts = {**call.facts, "payload_sha256": hashlib.sha256(payload).hexdigest()}
    again = f"{call.session}-{secrets.token_hex(6)}"
    call = replace(call, id=again, post=replace(call.post, body=payload), facts=facts)
    return replace(leaving, call=call, items=_digests(items))


def _bound(body: dict[str, Any], asked: AskedProvider, most: int, abilities: Capabilities | None) -> None:
    """Make the body ask for this model and at most so many tokens, as the provider takes that."""
    how = abilities or Capabilities()
    to = OutputBound(asked.endpoint.model, most, how.limit, how.stream_usage, proved=abilities is not None)
    asked.dialect.bound(body, to)


def _digests(items: Sequence[tuple[bytes, int]]) -> tuple[bytes, ...]:
    return tuple(digest for digest, _ in items)


def _messages_of(body: Mapping[str, Any], dialect: SpokenDialect) -> SaidMessages:
    """The messages by their hashes, without the marks for a cache, which move from turn to turn."""
    history = body.get(dialect.history)
    messages = history if isinstance(history, list) else [history]
    hashes = [hashlib.sha256(_json(_without_marks(message))).digest() for message in messages]
    pairs = zip(hashes, messages[1:], strict=False)
    return SaidMessages(tuple(one for one, after in pairs if _is_answer(after)), hashes[-1])


def _is_answer(message: Any) -> bool:
    """Whether a model wrote a message: its text, a call of a tool, or what it thought."""
    if not isinstance(message, dict):
        return False
    kind = str(message.get("type", ""))
    return message.get("role") == "assistant" or kind == "reasoning" or kind.endswith("_call")


def _without_marks(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_marks(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_marks(item) for name, item in value.items() if name != "cache_control"}
    return value


def _without_secrets(
    inspected: InspectedBody, headers: Mapping[str, str], rules: RoadRules, known: ToolConversations
) -> tuple[list[KeptLines], RedactedPlaces]:
    """Cut and redact the texts of a body, where they are, and say what was taken out. Headers stay whole."""
    places = [_as_written(place, known) for place in inspected.places]
    kept = known.kept.cut(places, rules.judge, rules.permissions.gateway_matched)
    places = [
        place if place.holder[place.key] == place.value else replace(place, value=place.holder[place.key])
        for place in places
    ]
    words = [JsonPlace(headers, name, value, is_word=True) for name, value in headers.items()]
    return kept, known.redactor.redact([*words, *places], rules.gate.known)


def _check_length(tokens: int, asked: AskedProvider) -> None:
    """Raise `RefusedError` for more tokens than the provider takes."""
    if tokens > asked.endpoint.context_tokens:
        raise RefusedError(
            "too_long",
            f"the request has up to {tokens:,} tokens and {asked.provider} takes "
            f"{asked.endpoint.context_tokens:,}: raise context_tokens in [providers.{asked.provider}] if the "
            "model takes more",
        )


def _check_allowed(asked: AskedProvider, permissions: Permissions) -> tuple[str, ...]:
    """The classes of text of unknown origin, if that may leave. Raises `RefusedError`."""
    check_unattributed(asked.tool, permissions)
    verdict = judge_tool_texts((Span("", Origin("user")),), permissions, asked.provider)
    if not verdict.allowed:
        raise RefusedError("policy", "; ".join(verdict.reasons))
    return verdict.classes


def check_unattributed(tool: ToolToken, permissions: Permissions) -> None:
    """Raise `RefusedError` if text of unknown origin may not leave for this tool."""
    if not permissions.gateway_unattributed:
        raise RefusedError(
            "unattributed",
            "text of unknown origin may not go to a provider here: [gateway] unattributed = false",
        )
    if not tool.unattributed:
        raise RefusedError(
            "unattributed",
            f"the tool {tool.name} sends text of which assist does not know where it comes from, and its "
            f"token does not allow that: make one with `assist gateway token {tool.name} --allow "
            "unattributed`",
        )


def _as_written(place: JsonPlace, known: ToolConversations) -> JsonPlace:
    """The place with what the model wrote, if the tool was given something else for it."""
    if place.is_word or place.kind not in ("assistant", "arguments"):
        return place
    if isinstance(place.value, str):
        original: Any = known.memory.original(place.value)
    else:
        given = canonical(place.value)
        text = known.memory.original(given)
        original = place.value if text == given else json.loads(text)
    if original == place.value:
        return place
    place.put(original)
    return replace(place, value=original)


def _price(asked: AskedProvider, permissions: Permissions, inspected: InspectedBody) -> Price:
    if asked.dialect.free:
        return FREE
    price = prices.price_of(asked.endpoint)
    if price is None and not permissions.allow_unknown_price:
        raise RefusedError(
            "unknown_price",
            f"the price of {asked.endpoint.model} is not known, so there is no bound for what it may cost: "
            "write price = { input_usd_per_mtok = ..., output_usd_per_mtok = ... } in "
            f"[providers.{asked.provider}]",
        )
    long = any(place.key == "cache_control" and "1h" in str(place.value) for place in inspected.places)
    if price and long:
        written = price.cache_write_usd_per_mtok or price.input_usd_per_mtok
        return replace(price, cache_write_usd_per_mtok=written * _LONG_CACHE)
    return price or FREE


def _ceilings(tool: ToolToken, permissions: Permissions, session: str) -> tuple[Ceiling, ...]:
    found = [
        Ceiling(
            permissions.gateway_session_micro,
            "this conversation: begin another, or raise [gateway] max_cost_usd_per_session",
            ids=session,
        )
    ]
    return (*found, *ceilings_of(tool))


def ceilings_of(tool: ToolToken) -> tuple[Ceiling, ...]:
    """What the tool may spend in a day, whatever it asks."""
    if tool.ceiling_usd is None:
        return ()
    what = f"the tool {tool.name} today, by the ceiling of its token"
    return (Ceiling(int(tool.ceiling_usd * 1e6), what, command=COMMAND + tool.name),)


def _tokens_around(body: dict[str, Any], dialect: SpokenDialect) -> int:
    """The tokens of everything but the messages, which are counted string by string."""
    rest = {name: value for name, value in body.items() if name != dialect.history}
    history = body.get(dialect.history)
    whole = _count(history) if isinstance(history, str) else 0
    return _count(json.dumps(rest, ensure_ascii=False)) + whole + AROUND_ALL


AROUND_ALL = 64  # tokens of what a provider puts around a conversation


@lru_cache(64)
def _count(text: str) -> int:
    return upper_count(text)


def _payload(body: dict[str, Any], dialect: SpokenDialect) -> tuple[bytes, list[tuple[bytes, int]]]:
    """The body as bytes; the hash of each message and its number, which is -1 for all around them."""
    fields: list[bytes] = []
    around = hashlib.sha256()
    items: list[bytes] = []
    for name, value in body.items():
        if name == dialect.history and isinstance(value, list):
            items = [_json(item) for item in value]
            fields.append(_json(name) + b":[" + b",".join(items) + b"]")
        else:
            fields.append(_json(name) + b":" + _json(value))
            around.update(fields[-1])
    hashes = [(hashlib.sha256(item).digest(), number) for number, item in enumerate(items)]
    return b"{" + b",".join(fields) + b"}", [(around.digest(), -1), *hashes]


def _json(value: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except (UnicodeEncodeError, ValueError):
        raise BadBodyError("the request holds half a character, or a number that is none") from None


def _facts(
    items: Sequence[tuple[bytes, int]],
    conversation: ToolConversation,
    judged: tuple[InspectedBody, Sequence[KeptLines], RedactedPlaces],
    classes: tuple[str, ...],
    folders: Sequence[Path],
) -> dict[str, Any]:
    """What the log says about the texts: each message once in a conversation, by its hash.

    Of the words of a command, and of the names above fences, those are files that are there, by their paths
    in the `folders`.
    """
    inspected, kept, redacted = judged
    unlogged = {number for digest, number in items if digest not in conversation.logged}
    claims: dict[int, dict[str, None]] = {}
    for place in inspected.places:
        if place.item in unlogged:
            paths: Iterable[str] = place.claims
            if not paths and isinstance(place.value, str):
                paths = (claim.path for claim in claims_in_text(place.value))
            claims.setdefault(place.item, {}).update(dict.fromkeys(paths))
    spans = []
    files: dict[str, None] = {}
    for digest, number in items:
        if digest in conversation.logged:
            continue
        files_there = filter(None, (_path_there(path, folders) for path in claims.get(number, ())))
        named = list(dict.fromkeys(_clean(path) for path in islice(files_there, _MOST_NAMED)))
        files |= dict.fromkeys(named)
        where = {"path": named[0] if named else "", "first": 0, "last": 0, "outline": False}
        spans.append({"source": "tool", "sha256": digest.hex(), **where})
    cut = {(part.path, part.rule): part for part in kept}
    return {
        "cause": "tool",
        "features": {},
        "verdict": {"allowed": True, "classes": list(classes)},
        "spans": spans,
        "files": list(files)[:_MOST_NAMED],
        "kept": [{"path": _clean(path), "rule": rule} for path, rule in cut][:_MOST_NAMED],
        "redactions": [{"type": kind, "count": count} for kind, count in redacted.found],
        "left_out": list(inspected.dropped),
    }


@lru_cache(4096)
def _clean(path: str) -> str:
    """A path without secrets: an agent names the same files in each turn."""
    return clean(path)


def _path_there(path: str, folders: Sequence[Path]) -> str:
    """The path in the first of the folders where it leads to a file, as it is outside of them, or ""."""
    for folder in folders:
        full = os.path.normpath(folder / path)
        if os.path.lexists(full):
            return path_below(full, str(folder)) or path
    return ""
