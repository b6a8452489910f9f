"""Takes secrets out of the strings that another tool sends, and scans only those that are new.

A tool sends its whole conversation at each turn. So what was found in a string that is still the same is
kept, and a secret has one placeholder for a tool and a provider, at any time: it is made of the secret and a
key of this installation, so that the provider's cache of the beginning stays usable, also after a restart.
A value that is found later is looked for in the strings that were judged before, as it is written.
What is known of the places of a whole message is kept by the caller, and is asked for what is new alone.
Strings may hold JSON, as arguments of calls do: then their inner strings are judged too.
"""

import hashlib
import hmac
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from sys import getsizeof

from assist_escalation.budget.token_count import upper_count
from assist_escalation.policy.patterns import SecretPattern
from assist_escalation.prompts import PLACEHOLDER, request_placeholder
from assist_escalation.redaction.detectors.token_formats import find_formats
from assist_escalation.redaction.findings import Check, RedactionError, TextKind, time_limit
from assist_escalation.redaction.known_secrets import Known, find_known
from assist_escalation.redaction.redactor import RedactionSession, TakenSecrets
from assist_escalation.redaction.scanner import Secret, classify, union
from assist_escalation.redaction.secret_names import meaning
from assist_gateway.clean_text_cache import ENTRY
from assist_gateway.dialects.json_places import JsonPlace, nested_json, rewrite

SECONDS = 20.0  # for all that is new in a request: 1.1 MB take one second
REMEMBERED = 32_000_000  # bytes of strings whose secrets are kept, about eight long conversations
MAX_VALUES = 2_000  # values that were found in requests and are looked for everywhere
AROUND = 8  # tokens of what is around a string in a message
_ROUNDS = 4
_NAMED = 2_000  # characters of a value that its name may show to be a secret
_DEPTH = 3  # JSON in a string of JSON, and so on
_LETTERS = 12  # hexadecimal digits of a placeholder


@dataclass(slots=True)
class RedactedPlaces(TakenSecrets):
    """What was taken out of the places of a message.

    `tokens` is an upper bound of the tokens of a message. `texts` are the strings as they were, and `seen`
    of the values had been found when they were last looked for.
    """

    tokens: int = 0
    texts: list[str] = field(default_factory=list, repr=False)
    seen: int = 0


@dataclass(frozen=True, slots=True)
class PlaceGroup:
    """Places of a JSON that belong together, such as those of a message.

    `before` is what was found when the same places were redacted in the same `epoch`, if they were; `places`
    are then asked for only if that does not hold any more.
    """

    places: Callable[[], Sequence[JsonPlace]] = field(repr=False)
    before: RedactedPlaces | None = None


@dataclass(slots=True)
class _JudgedString(TakenSecrets):
    """What a string is without its secrets; `seen` of the values had been found when it was scanned."""

    clean: str = ""
    tokens: int = 0
    seen: int = 0


# The string, the name that a JSON gives it, and "data" if it may be of a file of settings or data.
_StringKey = tuple[str, str, str]


class StringRedactor:
    """Redacts the requests of one tool to one provider under the same rules. Threads may share it.

    `key` is a secret of this installation. What was found in another `epoch` does not hold.
    """

    def __init__(
        self, known: Known, patterns: Sequence[SecretPattern], key: bytes, remembered: int = REMEMBERED
    ) -> None:
        self.epoch = 0
        self._known = known
        self._session = RedactionSession(known, patterns, partial(_keyed_placeholder, key))
        self._values = self._session.values  # found in requests, or known since the first one
        self._judged: OrderedDict[_StringKey, _JudgedString] = OrderedDict()
        self._size = 0
        self._most = remembered
        self._lock = threading.Lock()

    @property
    def scanned(self) -> int:
        """The characters that were scanned so far."""
        return self._session.scanned

    @property
    def size(self) -> int:
        """The bytes of the strings whose secrets are kept."""
        return self._size

    def redact(self, groups: Sequence[PlaceGroup], known: Known) -> list[RedactedPlaces]:
        """Replace every secret at these places of a JSON. `known` are the values of secret files now.

        Where a group's `before` still holds, it is its result, and its places are left as they are.
        Raises `RedactionError` if that takes too long, or if a word of the protocol holds a known value.
        """
        with self._lock:
            self._learn(known)
            check = time_limit(SECONDS)
            done = [group.before for group in groups]

            def attempt() -> list[RedactedPlaces]:
                redacted = [
                    before if before and self._still_holds(before) else self._pass(group.places(), check)
                    for group, before in zip(groups, done, strict=True)
                ]
                done[:] = redacted
                return redacted

            redacted = self._session.settle(attempt)
            self._forget()
            return redacted

    def _learn(self, known: Known) -> None:
        if known is self._known:
            return
        news = set(known.values).difference(self._known.values, self._values)
        self._known = known
        self._session.look_for(sorted(news), known)

    def _still_holds(self, redacted: RedactedPlaces) -> bool:
        """Whether no value that was found since is in the strings of a group."""
        if any(_holds_any(text, self._values[redacted.seen :]) for text in redacted.texts):
            return False
        redacted.seen = len(self._values)
        return True

    def _pass(self, places: Sequence[JsonPlace], check: Check) -> RedactedPlaces:
        redacted = RedactedPlaces(seen=len(self._values))

        def clean(kind: str, counts: bool, text: str, name: str) -> str:
            judged = self._judge((text, name, kind), check)
            redacted.texts.append(text)
            redacted.found.update(judged.found)
            redacted.placeholders.update(judged.placeholders)
            redacted.tokens += judged.tokens + AROUND if counts else 0
            return judged.clean

        for place in places:
            if place.is_word:
                redacted.texts.append(place.value)
                self._check_word(place.value)
            else:
                place.put(rewrite(place.value, partial(clean, _kind_of(place.claims), place.item >= 0)))
        return redacted

    def _check_word(self, word: str) -> None:
        """Raise `RedactionError` if a word that must stay as it is, such as a tool's name, holds a secret.

        Those are known values, and tokens by their formats: ids of calls look like other secrets.
        """
        key = (word, "", "word")
        judged = self._judged.get(key)
        if judged is not None and not any(value in word for value in self._values[judged.seen :]):
            judged.seen = len(self._values)
            self._judged.move_to_end(key)
            return
        if any(find_known(word, self._session.sought.known, lambda: None)) or any(find_formats(word)):
            raise RedactionError(
                "a name, an id or a header of the request contains a secret, so nothing is sent"
            )
        self._keep(key, _JudgedString(clean=word, seen=len(self._values)))

    def _judge(self, key: _StringKey, check: Check, depth: int = 0) -> _JudgedString:
        judged = self._judged.get(key)
        if judged is not None and not _holds_any(key[0], self._values[judged.seen :]):
            judged.seen = len(self._values)
            self._judged.move_to_end(key)
            return judged
        judged = _JudgedString(clean=key[0])
        self._clean(judged, key, check, depth)
        judged.tokens = _tokens(judged.clean)
        judged.seen = len(self._values)
        self._keep(key, judged)
        return judged

    def _keep(self, key: _StringKey, judged: _JudgedString) -> None:
        self._size += 0 if key in self._judged else getsizeof(key[0]) + ENTRY
        self._judged[key] = judged
        self._judged.move_to_end(key)

    def _forget(self) -> None:
        while self._size > self._most and len(self._judged) > 1:
            (text, _, _), _ = self._judged.popitem(last=False)
            self._size -= getsizeof(text) + ENTRY
        if len(self._values) > MAX_VALUES:  # all is judged again, by what the rules find
            self._session.forget()
            self._judged.clear()
            self._size = 0
            self.epoch += 1

    def _clean(self, judged: _JudgedString, key: _StringKey, check: Check, depth: int) -> None:
        text, name, kind = key

        def change(text: str, name: str) -> str:
            found = self._judge((text, name, kind), check, depth + 1)
            judged.placeholders |= found.placeholders
            if found.clean != text:
                judged.found += found.found
            return found.clean

        # The strings of a JSON come first: in the whole, an escaped line end looks like letters of a secret.
        inner = nested_json(text) if depth < _DEPTH else None
        whole = rewrite(inner, change)
        if whole != inner:
            judged.clean = json.dumps(whole, ensure_ascii=False)
        self._take_secrets(judged, name, kind, check)

    def _take_secrets(self, judged: _JudgedString, name: str, kind: str, check: Check) -> None:
        for _ in range(_ROUNDS):
            secrets = self._secrets(judged.clean, name, kind, check)
            if not secrets:
                return
            judged.clean = self._session.take(judged.clean, secrets, judged)
        raise RedactionError("a scan after redaction still finds a secret, so nothing is sent")

    def _secrets(self, text: str, name: str, kind: str, check: Check) -> Sequence[Secret]:
        """The secrets of a string. As a text and as the file that it may be: both count."""
        kinds: set[TextKind] = {classify("", text)}
        if kind == "data":
            kinds.add("data")
        secrets = [secret for kind in sorted(kinds) for secret in self._session.secrets(text, kind, check)]
        if text and len(text) <= _NAMED and meaning(name) is not None:
            secrets += self._secrets_by_name(text, name, check)
        return union(secrets)

    def _secrets_by_name(self, text: str, name: str, check: Check) -> list[Secret]:
        """The secrets of a value that its name in a JSON shows."""
        value = json.dumps(text, ensure_ascii=False)
        first = len(json.dumps(name)) + 3
        shown = f"{json.dumps(name)}: {value}"
        found = [secret for secret in self._session.secrets(shown, "data", check) if secret.end > first]
        if value[1:-1] != text:  # with escapes: the places differ
            return [Secret(0, len(text), secret.type) for secret in found[:1] if not PLACEHOLDER.search(text)]
        places = ((max(0, secret.start - first), secret.end - first, secret.type) for secret in found)
        return [Secret(low, min(high, len(text)), type_) for low, high, type_ in places if low < len(text)]


def _keyed_placeholder(key: bytes, type_: str, secret: str, _: int) -> str:
    """The placeholder of a secret, the same one at any time."""
    digest = hmac.digest(key, secret.encode("utf-8", "surrogatepass"), hashlib.sha256)
    return request_placeholder(type_, digest.hex()[:_LETTERS], 1)


@lru_cache(4096)  # each turn of a conversation brings all that were there before
def _kind_of(claims: tuple[str, ...]) -> str:
    """ "data" if one of these files is of settings or data, else ""."""
    return "data" if any(classify(claim, "") == "data" for claim in claims) else ""


def _holds_any(text: str, values: Sequence[str]) -> bool:
    """Whether a text holds one of the values, as it is or as JSON writes it."""
    escapes = bool(values) and "\\" in text
    return any(value in text or (escapes and _as_json(value) in text) for value in values)


@lru_cache(256)
def _as_json(value: str) -> str:
    """A value as JSON writes it."""
    return json.dumps(value, ensure_ascii=False)[1:-1]


def _tokens(text: str) -> int:
    """An upper bound of a text's tokens; a placeholder's letters may be a token each."""
    if "__SECRET_" not in text:
        return upper_count(text)
    marks = sum(len(mark[0]) for mark in PLACEHOLDER.finditer(text))
    return upper_count(PLACEHOLDER.sub("", text)) + marks
