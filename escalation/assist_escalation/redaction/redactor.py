"""Takes secrets out of what may leave the machine, puts them back into the answer, and cleans log texts.

This module judges no request and reads no file. A placeholder means the same text throughout a request and
nothing outside it, since the nonce is new each time. `restore` refuses a text with an altered placeholder.
What of it is put back into an answer is up to `restorer`.
"""

import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assist_escalation.policy.patterns import SecretPattern
from assist_escalation.prompts import ALTERED, Span, log_placeholder, request_placeholder
from assist_escalation.redaction.findings import Check, RedactionError, TextKind, time_limit
from assist_escalation.redaction.known_secrets import LEAST, Known, Patterns, compile_patterns
from assist_escalation.redaction.scanner import Secret, Sought, kind_of, scan
from assist_escalation.redaction.secret_values import is_structured

__all__ = ["Known", "Redacted", "RedactionError", "clean", "redact", "restore"]

_NONCE = re.compile(r"[0-9a-z]{4,40}")
_CLEAN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Redacted:
    """Spans without secrets, and what was taken out of them.

    `found` counts the places by type. `prompts` maps each placeholder to its secret, and is never sent.
    """

    spans: tuple[Span, ...]
    found: tuple[tuple[str, int], ...]
    placeholders: Mapping[str, str] = field(repr=False)
    nonce: str = field(repr=False, default="")


class _Names:
    """Gives each secret text of a request its placeholder."""

    def __init__(self, nonce: str) -> None:
        self.nonce = nonce
        self.of = dict[str, str]()
        self.counts = Counter[str]()

    def name(self, text: str, type_: str) -> str:
        self.counts[type_] += 1
        return self.of.setdefault(text, request_placeholder(type_, self.nonce, len(self.of) + 1))


def redact(
    spans: Sequence[Span],
    known: Known,
    patterns: Sequence[SecretPattern] = (),
    *,
    nonce: str,
    deadline_s: float = 2.0,
    clock: Callable[[], float] = time.thread_time,
) -> Redacted:
    """The spans with a placeholder in place of every secret in their texts and paths.

    `patterns` are the user's own expressions and rules. `nonce` is 4 to 40 random characters of 0-9 and a-z.
    Raises `RedactionError` after `deadline_s` seconds of computing, and for a secret in our own words.

    >>> from assist_escalation.prompts import Origin
    >>> redact([Span('password = "hunter2"', Origin("user"))], Known(), nonce="1a2b").spans[0].text
    'password = "__SECRET_PASSWORD_1a2b_1__"'
    """
    if not _NONCE.fullmatch(nonce):
        raise RedactionError(f"nonce {nonce!r} is not 4 to 40 characters of 0-9 and a-z: make a new one")
    check = time_limit(deadline_s, clock)
    compiled = compile_patterns(patterns)
    names = _Names(nonce)
    if any(nonce in text for span in spans for text in (span.text, span.origin.path)):
        raise RedactionError("the request's text holds the nonce of its placeholders: make a new one")
    kinds = [kind_of(span.origin.path, span.text) for span in spans]
    while True:  # until a scan finds nothing: each takes more out of the texts, and the time is limited
        sought = Sought(_with_found_values(known, names), compiled)
        before = names.counts.total()
        spans = [
            _redact_span(span, kind, sought, names, check) for span, kind in zip(spans, kinds, strict=True)
        ]
        if names.counts.total() == before:
            placeholders = {name: text for text, name in names.of.items()}
            return Redacted(tuple(spans), tuple(sorted(names.counts.items())), placeholders, nonce)


def _with_found_values(known: Known, names: _Names) -> Known:
    """Add the values found so far, so that they are also found elsewhere, unless they are common words."""
    found = [
        text for text in names.of if len(text) >= LEAST and is_structured(text) and text not in known.values
    ]
    return Known((*known.values, *found))


def _redact_span(span: Span, kind: TextKind, sought: Sought, names: _Names, check: Check) -> Span:
    sought = Sought(sought.known, sought.patterns.of_path(span.origin.path))
    secrets = scan(span.text, kind, sought, check, span.hidden)
    if span.origin.source == "assist":
        if secrets:
            raise RedactionError(f"our own words hold a {secrets[0].type.lower()}: nothing is sent")
        return span
    path = span.origin.path
    inside = scan(path, "unknown", sought, check) if path else []
    if not secrets and not inside:
        return span
    origin = replace(span.origin, path=replace_secrets(path, inside, names.name))
    return Span(replace_secrets(span.text, secrets, names.name), origin)


def replace_secrets(text: str, secrets: Sequence[Secret], name: Callable[[str, str], str]) -> str:
    """`text` with what `name` gives, for a secret and its type, in place of each of these secrets."""
    parts = list[str]()
    done = 0
    for secret in secrets:
        parts += [text[done : secret.start], name(text[secret.start : secret.end], secret.type)]
        done = secret.end
    return "".join([*parts, text[done:]])


def restore(text: str, redacted: Redacted) -> str:
    """`text` with the secrets back in their places.

    Raises `RedactionError` for a text with an altered placeholder.
    """
    ours = redacted.placeholders
    if not ours:
        return text
    exact = re.compile("|".join(sorted(map(re.escape, ours), key=len, reverse=True)))
    rest = exact.sub("\0", text)
    altered = ALTERED.search(rest)
    if altered or redacted.nonce.lower() in rest.lower():
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
        while secrets := scan(text, kind_of("", text), Sought(Known(), Patterns()), check):
            text = replace_secrets(text, secrets, lambda _, type_: log_placeholder(type_))
    except RedactionError:
        return "[redacted:everything]"
    return text
