"""Messages as they leave: text of files that stay is cut, secrets are taken out, and the rest is bytes.

A tool sends its whole conversation at each turn. So a message that is the same as before leaves as it left,
as long as the same files stay here and none of the values that were found since is in it. This module knows
no dialect, and sends nothing.
"""

import hashlib
import json
import marshal
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from assist_escalation.policy.endpoints import Dialect
from assist_escalation.policy.settings import MatchedText
from assist_escalation.redaction.known_secrets import Known
from assist_gateway.dialects.bodies import BadBodyError
from assist_gateway.dialects.json_places import JsonPlace
from assist_gateway.proxy.kept_texts import JudgeText, KeptLines, KeptTexts
from assist_gateway.proxy.redaction import PlaceGroup, RedactedPlaces, StringRedactor

_REMEMBERED = 16_000_000  # bytes of messages
_ENTRY = 1_200  # bytes of what is remembered of a message but its strings and itself
_MARKS = "cache_control"  # what the provider shall keep: agents move it on from turn to turn


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """A message as it leaves: its bytes, none if nothing is left of it, and what was taken out of it.

    `digest` is the hash of its bytes, and `said` that of the message without the marks for a cache.
    """

    data: bytes = field(repr=False)
    digest: bytes
    said: bytes
    is_answer: bool
    kept: tuple[KeptLines, ...]
    redacted: RedactedPlaces = field(repr=False)


@dataclass(frozen=True, slots=True)
class MessageRules:
    """What holds for the messages of a request. `known` are the values of secret files.

    `trim` leaves out what is empty in a message of the dialect, and returns whether anything is left.
    """

    judge: JudgeText
    matched: MatchedText
    known: Known
    dialect: Dialect
    trim: Callable[[dict[str, Any]], bool]


@dataclass(slots=True)
class _PlacedMessage:
    """A message of a request that is to leave, and its places; `known` is how it left before."""

    message: dict[str, Any]
    places: Sequence[JsonPlace]
    key: bytes
    known: OutboundMessage | None
    kept: list[KeptLines] = field(default_factory=list)


class OutboundMessages:
    """The messages of one tool for one provider. Threads may share it."""

    def __init__(self, redactor: StringRedactor, texts: KeptTexts) -> None:
        self._redactor, self._texts = redactor, texts
        self._holds_for: tuple[object, ...] = ()
        self._known: OrderedDict[bytes, OutboundMessage] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """About how many bytes are remembered."""
        return self._redactor.size + self._texts.size + self._size

    def leave(
        self, messages: Sequence[dict[str, Any]], places: Iterable[JsonPlace], rules: MessageRules
    ) -> list[OutboundMessage]:
        """What was taken out at the places that are around the messages, and each message as it leaves.

        What is new is changed where it is. Raises `RefusedError` and `RedactionError`.
        """
        by_item: dict[int, list[JsonPlace]] = {}
        for place in places:
            by_item.setdefault(place.item, []).append(place)
        with self._lock:
            self._forget_others((rules.judge, rules.matched, rules.dialect, self._redactor.epoch))
            placed = [_PlacedMessage({}, by_item.get(-1, ()), b"", None)]
            for number, message in enumerate(messages):
                own = by_item.get(number, ())
                key = _key(message, own)
                placed.append(_PlacedMessage(message, own, key, self._known.get(key)))
            groups = [self._group(one, rules) for one in placed]
            redacted = self._redactor.redact(groups, rules.known)
            return [self._finish(one, found, rules) for one, found in zip(placed, redacted, strict=True)]

    def _forget_others(self, holds_for: tuple[object, ...]) -> None:
        if self._holds_for != holds_for:
            self._holds_for = holds_for
            self._known.clear()
            self._size = 0

    def _group(self, placed: _PlacedMessage, rules: MessageRules) -> PlaceGroup:
        def cut() -> list[JsonPlace]:
            placed.kept = self._texts.cut(placed.places, rules.judge, rules.matched)
            return [
                place if (value := place.holder[place.key]) is place.value else replace(place, value=value)
                for place in placed.places
            ]

        return PlaceGroup(cut, placed.known.redacted if placed.known else None)

    def _finish(
        self, placed: _PlacedMessage, redacted: RedactedPlaces, rules: MessageRules
    ) -> OutboundMessage:
        if placed.known is not None and placed.known.redacted is redacted:
            self._known.move_to_end(placed.key)
            return placed.known
        message = placed.message
        data = json_bytes(message) if placed.key and rules.trim(message) else b""
        digest = hashlib.sha256(data).digest()
        bare = _without_marks(message)
        said = digest if bare == message else hashlib.sha256(json_bytes(bare)).digest()
        left = OutboundMessage(data, digest, said, _is_answer(message), tuple(placed.kept), redacted)
        if placed.key:
            self._keep(placed.key, left)
        return left

    def _keep(self, key: bytes, left: OutboundMessage) -> None:
        if (old := self._known.pop(key, None)) is not None:
            self._size -= len(old.data) + _ENTRY
        self._known[key] = left
        self._size += len(left.data) + _ENTRY
        while self._size > _REMEMBERED and len(self._known) > 1:
            self._size -= len(self._known.popitem(last=False)[1].data) + _ENTRY


def _key(message: Mapping[str, Any], places: Sequence[JsonPlace]) -> bytes:
    """What tells a message from every other: all of it, and the files that its texts are said to be from."""
    whole: Any = (message, [place.claims for place in places])
    try:
        return hashlib.sha256(marshal.dumps(whole, 2)).digest()  # 0.2 us a KB; JSON takes 5
    except ValueError:
        raise BadBodyError("a message of the request is nested too deeply") from None


def json_bytes(value: Any) -> bytes:
    """A value as JSON. Raises `BadBodyError`."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except (UnicodeEncodeError, ValueError):
        raise BadBodyError("the request contains half of a surrogate pair, or an invalid number") from None


def _is_answer(message: Mapping[str, Any]) -> bool:
    """Whether a model wrote a message: its text, a call of a tool, or what it thought."""
    kind = str(message.get("type", ""))
    return message.get("role") == "assistant" or kind == "reasoning" or kind.endswith("_call")


def _without_marks(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_marks(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_marks(item) for name, item in value.items() if name != _MARKS}
    return value
