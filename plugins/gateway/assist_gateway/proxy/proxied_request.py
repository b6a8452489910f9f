"""A tool's request on its way to a provider: everything about it before money is reserved.

    inspected -> unattributed text allowed? -> files that stay are cut -> secrets taken out -> bounded, priced

A stage that fails refuses the request. It blocks for some milliseconds, longer for what is new. It sends
nothing.
"""

import hashlib
import json
import os
import re
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

from assist_context.files.path_names import path_below
from assist_escalation.audit.reader import TOOL
from assist_escalation.budget import prices
from assist_escalation.budget.ledger import Ceiling, Scope
from assist_escalation.budget.token_count import upper_count
from assist_escalation.egress.exchange import OutboundRequest
from assist_escalation.errors import RefusedError
from assist_escalation.gate.prepare import FREE, GateParts, affordable, get_limits
from assist_escalation.policy.endpoints import MAX_USD, Price, Provider
from assist_escalation.policy.permissions import Permissions
from assist_escalation.policy.verdict import judge_tool_texts
from assist_escalation.prompts import Origin, Span
from assist_escalation.provider.provider_memory import Capabilities
from assist_escalation.provider.request import ProviderPost, passed_headers
from assist_escalation.redaction.known_secrets import Known, find_known
from assist_escalation.redaction.redactor import clean
from assist_gateway.claims import claims_in_text
from assist_gateway.dialects.answers import canonical
from assist_gateway.dialects.bodies import (
    ARGUMENTS,
    ASSISTANT,
    InspectedBody,
    drop_unknown_thoughts,
    inspect,
)
from assist_gateway.dialects.dialect import OutputBound, SpokenDialect
from assist_gateway.dialects.json_places import JsonPlace
from assist_gateway.proxy.kept_texts import JudgeText, KeptLines, kept_notice
from assist_gateway.proxy.outbound_messages import MessageRules, OutboundMessage, json_bytes
from assist_gateway.proxy.tool_conversations import SaidMessages, ToolConversation, ToolConversations
from assist_gateway.tool_tokens import ToolToken

_MAX_NAMED = 200  # files of one request in the log
_LONG = 400_000  # characters around a conversation whose tokens are not remembered
_MAX_FIELDS = 20  # fields of one request that the log names
_FIELD = re.compile(r"[A-Za-z]\w{0,39}", re.ASCII)
# Writing into a cache of an hour costs twice the input; for five minutes, as a price says it, 1.25 times.
_HOUR = 2.0
_HOUR_TO_MINUTES = 1.6
_MARK = re.compile(rb'(?<!\\)"cache_control":')  # a field of a JSON that is written without blanks
_LONGEST_MARK = 400  # bytes of its value


@dataclass(frozen=True, slots=True)
class ProxyRules:
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
class ProxiedRequest:
    """A request as ledger and log have it, exactly as it is posted, and what its conversation gains by that.

    `body` is all of it but the messages. `parts` are that, and then each message; nothing is left of one
    without bytes.
    """

    outbound: OutboundRequest
    post: ProviderPost = field(repr=False)
    conversation: ToolConversation = field(repr=False)
    body: dict[str, Any] = field(repr=False)
    parts: tuple[OutboundMessage, ...] = field(repr=False)

    @property
    def kept(self) -> list[KeptLines]:
        """The lines that were kept here."""
        return [lines for part in self.parts for lines in part.kept]

    @property
    def secrets(self) -> dict[str, str]:
        """The secrets of the placeholders that this request holds: no others are put back into its answer."""
        held = self.post.body
        return {name: text for name, text in self.conversation.placeholders.items() if name.encode() in held}

    def note_posted(self, *, shown: bool) -> str:
        """Remember what the log has now; what the tool's user is told at the beginning of the answer.

        An answer that is not `shown`, such as a count of tokens, tells nothing.
        """
        sent = [part for part in self.parts if part.data]
        self.conversation.note_logged([part.digest for part in sent])
        kept = self.kept
        if not shown or not kept:
            return ""
        answered = tuple(one.said for one, after in pairwise(sent[1:]) if after.is_answer)
        return kept_notice(self.conversation.news(kept, SaidMessages(answered, sent[-1].said)))


def proxied_request(
    body: dict[str, Any],
    headers: Mapping[str, str],
    asked: AskedProvider,
    rules: ProxyRules,
    known: ToolConversations,
) -> ProxiedRequest:
    """The request as it leaves; `body` is changed. Raises `RefusedError` and other `EscalationError`s."""
    permissions = rules.permissions
    drop_unknown_thoughts(asked.dialect.name, body, known.memory.knows_opaque)
    inspected = inspect(asked.dialect.name, body, uninspected=permissions.gateway_uninspected)
    classes = _check_allowed(asked, permissions)
    conversation = known.find(inspected.first_words)
    parts = _outbound_parts(body, inspected, headers, (asked, rules), known)
    for part in parts:
        conversation.placeholders |= part.redacted.placeholders
    price = _price(asked, permissions, [json_bytes(body), *(part.data for part in parts)])
    session = f"{conversation.name}-"
    ceilings = _ceilings(asked.tool, permissions, session)
    tokens = sum(part.redacted.tokens for part in parts) + _tokens_around(body)
    _check_length(tokens, asked)
    limits = replace(get_limits(permissions), ceilings=ceilings)
    left = min(permissions.request_micro, rules.gate.ledger.remaining(rules.scope, limits))
    longest = asked.endpoint.max_output_tokens
    most = affordable(price, tokens, min(inspected.asked_output or longest, longest), left)
    upper = 0 if asked.dialect.free else prices.upper_micro(price, tokens, most)
    _bound(body, asked, most, rules.abilities)
    payload, parts[0] = _payload(body, parts, asked.dialect)
    facts = _facts(parts, conversation, inspected, classes, asked.tool.folders)
    facts["left_out"] = _field_names(inspected.dropped, rules.gate.known)
    facts |= {"tool": asked.tool.name, "session": conversation.name, **_facts_of(payload)}
    place = (asked.provider, asked.endpoint)
    post = ProviderPost(*place, asked.dialect.path, payload, headers, inspected.stream, most)
    outbound = OutboundRequest(
        session + secrets.token_hex(6),
        rules.scope,
        TOOL + asked.tool.name,
        *place,
        price,
        tokens,
        upper,
        limits,
        facts,
    )
    return ProxiedRequest(outbound, post, conversation, body, tuple(parts))


def asked_otherwise(proxied: ProxiedRequest, asked: AskedProvider, abilities: Capabilities) -> ProxiedRequest:
    """The same request, with an id of its own, for a provider that has refused a parameter of it."""
    post, outbound = proxied.post, proxied.outbound
    _bound(proxied.body, asked, post.max_output, abilities)
    payload, around = _payload(proxied.body, proxied.parts, asked.dialect)
    again = f"{proxied.conversation.name}-{secrets.token_hex(6)}"
    return replace(
        proxied,
        outbound=replace(outbound, id=again, facts={**outbound.facts, **_facts_of(payload)}),
        post=replace(post, body=payload),
        parts=(around, *proxied.parts[1:]),
    )


def _facts_of(payload: bytes) -> dict[str, Any]:
    """What the log says about the bytes of a request."""
    return {"payload_sha256": hashlib.sha256(payload).hexdigest(), "bytes_sent": len(payload)}


def _bound(body: dict[str, Any], asked: AskedProvider, most: int, abilities: Capabilities | None) -> None:
    """Make the body ask for this model and at most so many tokens, as the provider takes that."""
    how = abilities or Capabilities()
    body["model"] = asked.endpoint.model
    to = OutputBound(most, how.limit, how.stream_usage, proved=abilities is not None)
    asked.dialect.bound(body, to)


def _outbound_parts(
    body: dict[str, Any],
    inspected: InspectedBody,
    headers: Mapping[str, str],
    by: tuple[AskedProvider, ProxyRules],
    known: ToolConversations,
) -> list[OutboundMessage]:
    """What was taken out of all around the messages of a body, and the messages, which are no more in it.

    Headers stay whole.
    """
    asked, rules = by
    dialect = asked.dialect
    passed = passed_headers(headers)
    places = [JsonPlace(passed, name, value, is_word=True) for name, value in passed.items()]
    places += [_as_written(place, known) for place in inspected.places]
    matched = rules.permissions.gateway_matched
    holds = MessageRules(rules.judge, matched, rules.gate.known, dialect.name, dialect.trim)
    left = known.messages.leave(body[dialect.history], places, holds)
    body[dialect.history] = []
    return left


def _check_length(tokens: int, asked: AskedProvider) -> None:
    """Raise `RefusedError` for more tokens than the provider takes."""
    if tokens > asked.endpoint.context_tokens:
        raise RefusedError(
            "too_long",
            f"the request has up to {tokens:,} tokens, but {asked.provider} takes at most "
            f"{asked.endpoint.context_tokens:,}: raise context_tokens in [providers.{asked.provider}] if "
            "the model takes more",
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
            f"the tool {tool.name} sends text of unknown origin, and its token does not allow that: make "
            f"one with `assist gateway token {tool.name} --allow unattributed`",
        )


def _as_written(place: JsonPlace, known: ToolConversations) -> JsonPlace:
    """The place with what the model wrote, if the tool was given something else for it."""
    if place.is_word or place.kind not in (ASSISTANT, ARGUMENTS):
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


def _price(asked: AskedProvider, permissions: Permissions, outbound: Iterable[bytes]) -> Price:
    """What a request of these pieces costs: all that it writes into a cache, as its longest cache costs."""
    if asked.dialect.free:
        return FREE
    price = prices.find_price(asked.endpoint)
    if price is None and not permissions.allow_unknown_price:
        raise RefusedError(
            "unknown_price",
            f"the price of {asked.endpoint.model} is not known, so its cost has no limit: write price = {{ "
            f"input_usd_per_mtok = ..., output_usd_per_mtok = ... }} in [providers.{asked.provider}]",
        )
    if price and any(map(_asks_for_an_hour, outbound)):
        hour = max(
            price.input_usd_per_mtok * _HOUR,
            (price.cache_write_usd_per_mtok or price.input_usd_per_mtok) * _HOUR_TO_MINUTES,
        )
        return replace(price, cache_write_usd_per_mtok=min(hour, MAX_USD))
    return price or FREE


def _asks_for_an_hour(data: bytes) -> bool:
    """Whether a cache is asked for, anywhere in a JSON, that may live longer than five minutes."""
    return any(_lives_long(data[mark.end() : mark.end() + _LONGEST_MARK]) for mark in _MARK.finditer(data))


def _lives_long(data: bytes) -> bool:
    try:
        mark, _ = json.JSONDecoder().raw_decode(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return True
    return mark is not None and not (isinstance(mark, dict) and mark.get("ttl") in (None, "5m"))


def _ceilings(tool: ToolToken, permissions: Permissions, session: str) -> tuple[Ceiling, ...]:
    found = [
        Ceiling(
            permissions.gateway_session_micro,
            "this conversation: start another, or raise [gateway] max_cost_usd_per_session",
            ids=session,
        )
    ]
    return (*found, *ceilings_of(tool))


def ceilings_of(tool: ToolToken) -> tuple[Ceiling, ...]:
    """What the tool may spend in a day, whatever it asks."""
    if tool.ceiling_usd is None:
        return ()
    what = f"the tool {tool.name} today, by the limit of its token"
    return (Ceiling(int(tool.ceiling_usd * 1e6), what, command=TOOL + tool.name),)


def _tokens_around(body: dict[str, Any]) -> int:
    """The tokens of everything but the messages, which are counted string by string."""
    return _count(json.dumps(body, ensure_ascii=False)) + AROUND_ALL


AROUND_ALL = 64  # tokens of what a provider puts around a conversation


def _count(text: str) -> int:
    return _known_count(text) if len(text) <= _LONG else upper_count(text)


_known_count = lru_cache(16)(upper_count)


def _payload(
    body: dict[str, Any], parts: Sequence[OutboundMessage], dialect: SpokenDialect
) -> tuple[bytes, OutboundMessage]:
    """The body with its messages as bytes, and what is known of all around them."""
    messages = b",".join(part.data for part in parts[1:] if part.data)
    fields = {name: json_bytes(name) + b":" + json_bytes(value) for name, value in body.items()}
    around = b",".join(field for name, field in fields.items() if name != dialect.history)
    fields[dialect.history] = json_bytes(dialect.history) + b":[" + messages + b"]"
    digest = hashlib.sha256(around).digest()
    return b"{" + b",".join(fields.values()) + b"}", replace(parts[0], data=around, digest=digest)


def _facts(
    parts: Sequence[OutboundMessage],
    conversation: ToolConversation,
    inspected: InspectedBody,
    classes: tuple[str, ...],
    folders: Sequence[Path],
) -> dict[str, Any]:
    """What the log says about the texts: each message once in a conversation, by its hash.

    Of the words of a command, and of the names above fences, those are files that are there, by their paths
    in the `folders`.
    """
    sent = {number: part.digest for number, part in enumerate(parts, -1) if part.data}
    unlogged = {number: digest for number, digest in sent.items() if digest not in conversation.logged}
    claims: dict[int, dict[str, None]] = {}
    for place in inspected.places:
        if place.item in unlogged:
            paths: Iterable[str] = place.claims
            if not paths and isinstance(place.value, str):
                paths = (claim.path for claim in claims_in_text(place.value))
            claims.setdefault(place.item, {}).update(dict.fromkeys(paths))
    spans = []
    files: dict[str, None] = {}
    for number, digest in unlogged.items():
        files_there = filter(None, (_path_there(path, folders) for path in claims.get(number, ())))
        named = list(dict.fromkeys(_clean(path) for path in islice(files_there, _MAX_NAMED)))
        files |= dict.fromkeys(named)
        where = {"path": named[0] if named else "", "first": 0, "last": 0, "outline": False}
        spans.append({"source": "tool", "sha256": digest.hex(), **where})
    cut = dict.fromkeys((lines.path, lines.rule) for part in parts for lines in part.kept)
    redacted = sum((part.redacted.found for part in parts if part.redacted.found), Counter[str]())
    return {
        "cause": "tool",
        "features": {},
        "verdict": {"allowed": True, "classes": list(classes)},
        "spans": spans,
        "files": list(files)[:_MAX_NAMED],
        "kept": [{"path": _clean(path), "rule": rule} for path, rule in cut][:_MAX_NAMED],
        "redactions": [{"type": kind, "count": count} for kind, count in sorted(redacted.items())],
    }


def _field_names(names: Sequence[str], known: Known) -> list[str]:
    """Names of fields for the log: a few, without secrets, and how many more there are."""
    said = [_field_name(name, known) for name in names[:_MAX_FIELDS]]
    return said if len(said) == len(names) else [*said, f"{len(names) - len(said):,} more"]


def _field_name(name: str, known: Known) -> str:
    if not _FIELD.fullmatch(name) or any(find_known(name, known, lambda: None)):
        return "[a name that is not shown]"
    return clean(name)


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
