"""Takes secrets out of the prompts of one session of ghost text, and scans only what changed.

Prompts follow each other by a letter, so what was found in a text that is still the same is kept. A secret
has one placeholder for the session, so that the prompt's beginning stays the same for the server's cache.
While a token is typed, each prompt would hold a longer beginning of it, which no rule knows yet. What may
become one is not sent; that is generous, and the local model then writes the text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from assist_context.documents import split_lines
from assist_escalation.policy.patterns import SecretPattern
from assist_escalation.prompts import HiddenPart, Span
from assist_escalation.redaction.cut_pieces import find_parts, line_secrets
from assist_escalation.redaction.detectors.token_formats import TOKENS
from assist_escalation.redaction.findings import Check, RedactionError, TextKind, time_limit
from assist_escalation.redaction.known_secrets import Known
from assist_escalation.redaction.redactor import (
    Redacted,
    RedactionSession,
    TakenSecrets,
    placeholder_by_number,
)
from assist_escalation.redaction.scanner import Secret, classify, union
from assist_escalation.redaction.secret_values import turns

REMEMBERED = 64  # texts whose secrets are kept
TAIL = 1_200  # characters before the typed text that are scanned with it; the scanner's overlap is 512
SECONDS = 0.5  # for one prompt; a usual one takes 1 to 3 ms
_KEY_MARK = re.compile(r"-----(BEGIN|END)")
LAST = 400  # characters on each side of the cursor in which a value may be that is being typed


@dataclass(frozen=True, slots=True)
class CursorTexts:
    """The texts of a prompt, around the cursor and of other files. `need` is the end of the typed text.

    `far` are lines from further up, which the prompt has before the head. `above` and `below` are the text of
    the document before the head and after the suffix, which is not sent.
    """

    files: tuple[Span, ...]
    head: Span
    typed: Span
    need: str
    suffix: Span
    far: str = ""
    above: str = ""
    below: str = ""


@dataclass(frozen=True, slots=True)
class RedactedTexts:
    """The same without secrets; `redacted` has the placeholders, and how often each type was found."""

    files: tuple[Span, ...]
    path: str
    head: str
    typed: str
    suffix: str
    redacted: Redacted = field(repr=False)


@dataclass(frozen=True, slots=True)
class _SecretsAround:
    """The secrets of the texts around the cursor, each by its own characters."""

    far: list[Secret]
    head: list[Secret]
    typed: list[Secret]
    suffix: list[Secret]


@dataclass(frozen=True, slots=True)
class _HiddenAround:
    """The same where the rest of the document shows them. Secrets of `typed` may be in what follows it."""

    far: tuple[HiddenPart, ...]
    head: tuple[HiddenPart, ...]
    typed: tuple[HiddenPart, ...]
    suffix: tuple[HiddenPart, ...]


class SessionRedactor:
    """Redacts the prompts of one session. `nonce` is 4 to 40 random characters of 0-9 and a-z."""

    def __init__(self, known_values: Known, patterns: Sequence[SecretPattern], nonce: str) -> None:
        self._nonce = nonce
        self._session = RedactionSession(known_values, patterns, placeholder_by_number(nonce), REMEMBERED)
        self._secrets = self._session.secrets

    @property
    def scanned(self) -> int:
        """The characters that were scanned so far."""
        return self._session.scanned

    def redact(self, texts: CursorTexts) -> RedactedTexts:
        """The texts with a placeholder in place of every secret.

        Raises `RedactionError` if that takes too long, or if the cursor is in a secret that is being typed.
        """
        return self._session.settle(lambda: self._redact(texts))

    def _redact(self, texts: CursorTexts) -> RedactedTexts:
        check = time_limit(SECONDS)
        record = TakenSecrets()

        def clean(text: str, secrets: Sequence[Secret]) -> str:
            return self._session.take(text, secrets, record)

        def whole(file: Span) -> str:
            secrets = self._secrets(file.text, classify(file.origin.path, file.text), check)
            return clean(file.text, _add_hidden(secrets, file.hidden))

        def path_of(span: Span) -> str:
            return clean(span.origin.path, self._secrets(span.origin.path, "unknown", check))

        everything = (*texts.files, texts.head, texts.typed, texts.suffix)
        if (
            any(self._nonce in text for span in everything for text in (span.text, span.origin.path))
            or self._nonce in texts.far
        ):
            raise RedactionError("the text contains the random mark of this request's placeholders")
        around = self._around_cursor(texts, check)
        files = tuple(Span(whole(file), replace(file.origin, path=path_of(file))) for file in texts.files)
        return RedactedTexts(
            files,
            path_of(texts.head),
            clean(texts.far, around.far) + clean(texts.head.text, around.head),
            clean(texts.typed.text, around.typed),
            clean(texts.suffix.text, around.suffix),
            Redacted((), tuple(sorted(record.found.items())), record.placeholders, self._nonce),
        )

    def _around_cursor(self, texts: CursorTexts, check: Check) -> _SecretsAround:
        """The secrets of the three texts around the cursor, which are scanned across their borders."""
        head, typed_text = texts.head.text, texts.typed.text
        if may_become_secret(head + typed_text + texts.need):
            raise RedactionError("the cursor is in what may become a secret")
        kind = classify(texts.head.origin.path, head)
        marks = _KEY_MARK.findall(head)
        in_key = bool(marks) and marks[-1] == "BEGIN"
        start = 0 if in_key else head.rfind("\n", 0, max(0, len(head) - TAIL)) + 1
        tail = head[start:] + typed_text + texts.need
        secrets, below = self._across_cursor(tail, texts.suffix.text, kind, check)
        end = len(head) - start + len(typed_text)
        if any(secret.end > end for secret in secrets) or self._is_in_value(tail, kind, check):
            raise RedactionError("the cursor is in a secret")
        in_tail = [Secret(secret.start + start, secret.end + start, secret.type) for secret in secrets]
        whole = union([*self._secrets(head, kind, check), *in_tail])
        border = len(head)
        before = [replace(secret, end=min(secret.end, border)) for secret in whole if secret.start < border]
        after = [
            Secret(max(secret.start, border) - border, secret.end - border, secret.type)
            for secret in whole
            if secret.end > border
        ]
        cut = self._cut(texts, kind, check)
        if any(high > len(typed_text) or high == len(typed_text + texts.need) for _, high, _ in cut.typed):
            raise RedactionError("the cursor is in a secret")
        return _SecretsAround(
            _add_hidden(self._secrets(texts.far, kind, check), cut.far),
            _add_hidden(before, cut.head),
            _add_hidden(after, cut.typed),
            _add_hidden(below, cut.suffix),
        )

    def _cut(self, texts: CursorTexts, kind: TextKind, check: Check) -> _HiddenAround:
        """The secrets of the texts around the cursor that the rest of the document shows."""
        tail = texts.typed.text + texts.need
        visible_text = f"{texts.head.text}{tail}\n{texts.suffix.text}"
        first = texts.above.count("\n") + 1
        lines = split_lines(texts.above + visible_text + texts.below)
        run = (first, first + visible_text.count("\n") - visible_text.endswith("\n"))
        secrets = line_secrets(lines, [run], kind, lambda text: self._secrets(text, kind, check), check)
        return _HiddenAround(
            *(find_parts(text, secrets) for text in (texts.far, texts.head.text, tail, texts.suffix.text))
        )

    def _across_cursor(
        self, tail: str, suffix: str, kind: TextKind, check: Check
    ) -> tuple[list[Secret], list[Secret]]:
        """The secrets before the cursor, and those after it. Raises `RedactionError` for one on both sides.

        The suffix is the rest of the line or begins with the next one, so both are looked at.
        """
        secrets = list(self._secrets(tail, kind, check))
        below = list(self._secrets(suffix, kind, check))
        last = tail[tail.rfind("\n", 0, max(0, len(tail) - LAST)) + 1 :]
        start = len(tail) - len(last)
        near = suffix[: suffix.find("\n", LAST) + 1 or None]
        for between in ("", "\n"):
            border = len(last) + len(between)
            for secret in self._secrets(last + between + near, kind, check):
                if secret.start >= border:
                    below.append(Secret(secret.start - border, secret.end - border, secret.type))
                elif secret.end <= len(last):
                    secrets.append(Secret(secret.start + start, secret.end + start, secret.type))
                else:
                    raise RedactionError("the cursor is in a secret")
        return secrets, union(below)

    def _is_in_value(self, text: str, kind: TextKind, check: Check) -> bool:
        """Return whether the end of the text would be in a secret if the value there were ended now."""
        last = text[text.find("\n", len(text) - LAST) + 1 :] if len(text) > LAST else text
        for closer in count_ends(last):
            secrets = self._secrets(last + closer, kind, check)
            if any(secret.start < len(last) <= secret.end for secret in secrets):
                return True
        return False


def _add_hidden(secrets: Sequence[Secret], hidden: Sequence[HiddenPart]) -> list[Secret]:
    return union([*secrets, *(Secret(*part) for part in hidden)])


LEAST_WORD = 8  # characters of a word without a known prefix
TURNS, DIGITS = 4, 2  # changes between small letters, capitals and digits; `http2_v3` has fewer

_RUN = re.compile(r"[\w+/=.~:-]+\Z", re.ASCII)
_PARTS = re.compile(r"[./:=]")
_GENERATED = re.compile(r"\d|[a-z][A-Z]|[A-Z]{2}[a-z]")  # what soon follows a prefix, and seldom in a name
_PREFIXES = tuple(sorted({prefix for _, token in TOKENS for prefix in token.prefixes if len(prefix) > 2}))
_ELEMENT = re.compile(r"<([\w.:-]{1,60})(?:\s[^<>]*)?>[^<>]*\Z")
_VALUE = re.compile(
    r"""
    (?: [:=>,] | \b(?:is|by|with|password|ENV[ \t]+\w+|ARG|ENV) ) [ \t]* [^\s()\[\]{}]*\Z
  | [ \t]--?\w+ (?:[ =]\S*)? \Z                 # an option of a command, and what it is given
  | \bset[ \t]+[\w.-]*(?:key|token|secret|pass)\w*[ \t]+\S*\Z   # aws configure set NAME VALUE
    """,
    re.VERBOSE,
)
_USER = re.compile(r"""["'`][\w.%$-]{1,40}:[^\s"'`@/]*\Z""")  # a user and a password in one literal
_CLOSERS = ('"', "'", '"""', '")', "')", "@h/")


def may_become_secret(text: str) -> bool:
    """Return whether `text` ends within something that looks like a beginning of a token.

    >>> [may_become_secret(text) for text in ('key = "ghp_a1', 'x = "4a86f954d7', "http2_v3")]
    [True, True, False]
    """
    run = _RUN.search(text[-400:])
    if run is None:
        return False
    return any(_is_token_like(part) for part in _PARTS.split(run[0]))


def count_ends(text: str) -> tuple[str, ...]:
    """Return what may be typed to end the value at the end of `text`, so that rules for whole values find it.

    Nothing, if the text does not end in a value.
    """
    line = text.rpartition("\n")[2]
    if line.lstrip().startswith("|"):
        return (" |\n",)  # the cell of a table
    open_quote = any(line.count(quote) % 2 for quote in "\"'`")
    if not open_quote and text.count('"""') % 2 == 0 and not _VALUE.search(line):
        return ()
    if element := _ELEMENT.search(text[-400:]):
        return (*_CLOSERS, f"</{element[1]}>")
    return (*_CLOSERS, "@tcp(h)/d") if _USER.search(line) else _CLOSERS


def _is_token_like(word: str) -> bool:
    for prefix in _PREFIXES:
        # No name begins as the ids of AWS do, which may be all capitals.
        certain = prefix in ("AKIA", "ASIA") and len(word) > len(prefix)
        if word.startswith(prefix) and (certain or _GENERATED.search(word, len(prefix))):
            return True
    return len(word) >= LEAST_WORD and turns(word) >= TURNS and sum(map(str.isdigit, word)) >= DIGITS
