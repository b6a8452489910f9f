"""The user's own expressions for secrets, compiled and run under a time limit: the only door to `regex`.

It knows none of our own. Python's `re` cannot be stopped, and a user's expression may take forever.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import regex

from assist_escalation.redaction.findings import Finding, RedactionError

_SECONDS = 0.2  # for one expression over one window; an honest one takes under a millisecond


@dataclass(frozen=True, slots=True)
class Patterns:
    """Compiled expressions."""

    compiled: tuple[Any, ...] = ()


def compile_patterns(expressions: Sequence[str]) -> Patterns:
    """Raises `RedactionError`, which names the expression, where one cannot be read.

    >>> len(compile_patterns(["ACME-[0-9]+"]).compiled)
    1
    """
    compiled = list[Any]()
    for expression in expressions:
        try:
            compiled.append(regex.compile(expression))
        except regex.error as error:
            raise RedactionError(
                f"redaction pattern {expression!r} cannot be read ({error}): correct it"
            ) from error
    return Patterns(tuple(compiled))


def find_patterns(text: str, patterns: Patterns) -> Iterator[Finding]:
    """What the user's expressions match; the first group is the secret, where there is one."""
    for each in patterns.compiled:
        try:
            for match in each.finditer(text, timeout=_SECONDS):
                start, end = match.span(1 if each.groups and match.start(1) >= 0 else 0)
                if end > start:
                    yield Finding(start, end, "CUSTOM")
        except TimeoutError as error:
            raise RedactionError(
                f"redaction pattern {each.pattern!r} took too long, so nothing is sent: make it simpler"
            ) from error
