"""Compiles and runs the user's own expressions for secrets, under a time limit.

This is the only module that imports `regex`: a user's expression may run forever, and Python's `re` cannot be
stopped. It knows none of our own expressions.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import regex

from assist_escalation.redaction.findings import Finding, RedactionError

_SECONDS = 0.2  # for one expression over one window; a normal one takes under a millisecond


@dataclass(frozen=True, slots=True)
class Patterns:
    """Compiled expressions."""

    compiled: tuple[Any, ...] = ()


def compile_patterns(expressions: Sequence[str]) -> Patterns:
    """Compile the expressions. `RedactionError` names one that cannot be read.

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
    """What the user's expressions match. If one has a group, the first group is the secret."""
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
