"""Takes secrets out of what may leave the machine, puts them back into the answer, and cleans log texts.

A `RedactionSession` remembers what was found: in the texts of one request, of one editor's ghost text, or of
all that a tool sends to a provider. This module judges no request and reads no file. `restore` refuses a text
with an altered placeholder. What of it is put back into an answer is up to `restorer`.
"""

import re
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from assist_escalation.policy.patterns import SecretPattern
from assist_escalation.prompts import ALTERED, Span, log_placeholder, request_placeholder
from assist_escalation.redaction.findings import Check, RedactionError, TextKind, time_limit
from assist_escalation.redaction.known_secrets import LEAST, Known, Patterns, compile_patterns
from assist_escalation.redaction.scanner import Secret, Sought, classify, scan
from assist_escalation.redaction.secret_values import is_structured

__all__ = ["Known", "Redacted", "RedactionError", "RedactionSession", "clean", "redact", "restore"]

_NONCE = re.compile(r"[0-9a-z]{4,40}")
_CLEAN_SECONDS = 2.0
_ROUNDS = 4

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Redacted:
    """Spans without secrets, and what was taken out of them.

    `found` counts the places by type. `prompts` maps each placeholder to its secret, and is never sent.
    """

    spans: tuple[Span, ...]
    found: tuple[tuple[str, int], ...]
    placeholders: Mapping[str, str] = field(repr=False)
    nonce: str = field(repr=False, default="")


@dataclass(slots=True)
class TakenSecrets:
    """Counts of each type of secret that was taken out, and the secret of each placeholder."""

    found: Counter[str] = field(default_factory=Counter)
    placeholders: dict[str, str] = field(default_factory=dict, repr=False)


class RedactionSession:
    """The secrets of texts that follow each other: a secret has one placeholder for all.

    A value that is found is looked for from then on, as a known one, unless it is a common word.
    `placeholder` makes one of a secret's type, the secret, and its number. `memo` texts are not scanned again
    while the same is looked for; `scanned` counts the characters that were scanned.
    """

    def __init__(
        self,
        known_values: Known,
        patterns: Sequence[SecretPattern],
        placeholder: Callable[[str, str, int], str],
        memo: int = 0,
    ) -> None:
        self.scanned = 0
        self.values: list[str] = []  # that are looked for in addition to the known ones, in the order found
        self.placeholders: dict[str, str] = {}  # of each secret
        self._types: dict[str, str] = {}  # what each was found as first; later it is a known value
        self._placeholder = placeholder
        self._memo = memo
        self._scans: OrderedDict[tuple[str, TextKind, int], list[Secret]] = OrderedDict()
        self._known = known_values
        self.sought = Sought(known_values, compile_patterns(patterns))

    def secrets(self, text: str, kind: TextKind, check: Check) -> list[Secret]:
        """The secrets of a text."""
        key = (text, kind, len(self.values))
        if key in self._scans:
            self._scans.move_to_end(key)
            return self._scans[key]
        self.scanned += len(text)
        text_secrets = scan(text, kind, self.sought, check) if text else []
        if self._memo:
            self._scans[key] = text_secrets
            if len(self._scans) > self._memo:
                self._scans.popitem(last=False)
        return text_secrets

    def take(self, text: str, secrets: Sequence[Secret], record: TakenSecrets) -> str:
        """The text with placeholders in place of these secrets, which are noted in `record`."""

        def name(secret: str, type_: str) -> str:
            placeholder = self.name(secret, type_)
            record.placeholders[placeholder] = self._original(secret)
            record.found[self._types[secret]] += 1
            return placeholder

        return replace_secrets(text, secrets, name)

    def name(self, secret: str, type_: str) -> str:
        """The placeholder of a secret."""
        if secret not in self.placeholders:
            self._types[secret] = type_
            self.placeholders[secret] = self._placeholder(type_, secret, len(self.placeholders) + 1)
            if len(secret) >= LEAST and is_structured(secret) and secret not in self.sought.known.values:
                self.look_for([secret])
        return self.placeholders[secret]

    def look_for(self, values: Sequence[str], known_values: Known | None = None) -> None:
        """Look for more values; `known_values` are the known ones now."""
        self.values += values
        self._known = known_values or self._known
        self.sought = replace(self.sought, known=Known((*self._known.values, *self.values)))

    def forget(self) -> None:
        """Forget all that was found."""
        self.values.clear()
        self.placeholders.clear()
        self._types.clear()
        self.look_for([])

    def settle(self, attempt: Callable[[], _T]) -> _T:
        """Return what an attempt gives that finds no new value to look for."""
        for _ in range(_ROUNDS):
            before = len(self.values)
            result = attempt()
            if len(self.values) == before:
                return result
        raise RedactionError("a scan after redaction still finds a secret, so nothing is sent")

    def _original(self, secret: str) -> str:
        """A secret whose own parts were taken out before, with these in their places."""
        if "__SECRET_" not in secret:
            return secret
        for inner, placeholder in self.placeholders.items():
            if placeholder in secret and inner != secret:
                secret = secret.replace(placeholder, self._original(inner))
        return secret


def redact(
    spans: Sequence[Span],
    known_values: Known,
    patterns: Sequence[SecretPattern] = (),
    *,
    nonce: str,
    deadline_s: float = 2.0,
    clock: Callable[[], float] = time.thread_time,
) -> Redacted:
    """The spans with a placeholder in place of every secret in their texts and paths.

    `patterns` are the user's own expressions and rules. `nonce` is 4 to 40 random characters of 0-9 and a-z:
    a placeholder means nothing outside of the request. Raises `RedactionError` after `deadline_s` seconds of
    computing, and for a secret in our own words.

    >>> from assist_escalation.prompts import Origin
    >>> redact([Span('password = "hunter2"', Origin("user"))], Known(), nonce="1a2b").spans[0].text
    'password = "__SECRET_PASSWORD_1a2b_1__"'
    """
    if not _NONCE.fullmatch(nonce):
        raise RedactionError(f"nonce {nonce!r} is not 4 to 40 characters of 0-9 and a-z: make a new one")
    check = time_limit(deadline_s, clock)
    session = RedactionSession(known_values, patterns, placeholder_by_number(nonce))
    if any(nonce in text for span in spans for text in (span.text, span.origin.path)):
        raise RedactionError("the request's text contains the nonce of its placeholders: make a new one")
    kinds = [classify(span.origin.path, span.text) for span in spans]
    counts = Counter[str]()

    def name(secret: str, type_: str) -> str:
        counts[type_] += 1
        return session.name(secret, type_)

    while True:  # until a scan finds nothing: each takes more out of the texts, and the time is limited
        sought = session.sought  # what is found in one text is looked for in all of them the next time
        before = counts.total()
        spans = [
            _redact_span(span, kind, sought, name, check) for span, kind in zip(spans, kinds, strict=True)
        ]
        if counts.total() == before:
            placeholders = {name: text for text, name in session.placeholders.items()}
            return Redacted(tuple(spans), tuple(sorted(counts.items())), placeholders, nonce)


def placeholder_by_number(nonce: str) -> Callable[[str, str, int], str]:
    """Placeholders that mean something where this nonce does: their numbers say which secret is meant."""
    return lambda type_, _, number: request_placeholder(type_, nonce, number)


def _redact_span(
    span: Span, kind: TextKind, sought: Sought, name: Callable[[str, str], str], check: Check
) -> Span:
    sought = Sought(sought.known, sought.patterns.find_in_path(span.origin.path))
    secrets = scan(span.text, kind, sought, check, span.hidden)
    if span.origin.source == "assist":
        if secrets:
            raise RedactionError(
                f"assist's own instructions contain a {secrets[0].type.lower()}: nothing is sent"
            )
        return span
    path = span.origin.path
    inside = scan(path, "unknown", sought, check) if path else []
    if not secrets and not inside:
        return span
    origin = replace(span.origin, path=replace_secrets(path, inside, name))
    return Span(replace_secrets(span.text, secrets, name), origin)


def replace_secrets(text: str, secrets: Sequence[Secret], name: Callable[[str, str], str]) -> str:
    """`text` with what `name` gives, for a secret and its type, in place of each of these secrets."""
    parts = list[str]()
    end = 0
    for secret in secrets:
        parts += [text[end : secret.start], name(text[secret.start : secret.end], secret.type)]
        end = secret.end
    return "".join([*parts, text[end:]])


def restore(text: str, redaction: Redacted) -> str:
    """`text` with the secrets back in their places.

    Raises `RedactionError` for a text with an altered placeholder.
    """
    ours = redaction.placeholders
    if not ours:
        return text
    exact = re.compile("|".join(sorted(map(re.escape, ours), key=len, reverse=True)))
    rest = exact.sub("\0", text)
    changed_mark = ALTERED.search(rest)
    if changed_mark or redaction.nonce.lower() in rest.lower():
        raise RedactionError(
            "the answer altered the placeholder of a secret, so it cannot be used: ask again"
        )
    return exact.sub(lambda match: ours[match[0]], text)


def clean(text: str) -> str:
    """`text` with `[redacted:TYPE]` in place of every secret, for logs and messages. Never raises.

    >>> clean("cannot open https://me:hunter2@host/")
    'cannot open https://me:[redacted:password]@host/'
    """
    try:
        check = time_limit(_CLEAN_SECONDS)
        while secrets := scan(text, classify("", text), Sought(Known(), Patterns()), check):
            text = replace_secrets(text, secrets, lambda _, type_: log_placeholder(type_))
    except RedactionError:
        return "[redacted:everything]"
    return text
