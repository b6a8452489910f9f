"""Figures that must hold, written as people read them: `lines.exact >= last - 0.02`.

A guard compares a figure of a run with a number, or with the same figure of the run before.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assist_server.errors import WRONG_USAGE, UserError

GUARD_FAILED = 4  # the exit code

_GUARD = re.compile(
    r"""
    \s*(?:(?P<candidate>\S+)\s+)?       # whose figure; the first candidate's if it is left out
    (?P<kind>[a-z]+)\.(?P<name>\w+)     # the figure, as in lines.exact
    \s*(?P<sign><=|>=)\s*
    (?:(?P<last>last)\s*(?:(?P<plus>[+-])\s*(?P<more>\d+(?:\.\d+)?))?|(?P<number>-?\d+(?:\.\d+)?))
    \s*""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class GuardResult:
    """A guard with what was found. `holds` is True too if there is no earlier run to compare with."""

    text: str
    holds: bool
    found: float | None
    limit: float | None
    words: str


def parse_guard(text: str) -> re.Match[str]:
    """The parts of a guard. Raises `UserError` for a text that is none."""
    parts = _GUARD.fullmatch(text)
    if parts is None:
        raise UserError(
            f'{text!r} is not a guard: write "lines.exact >= 0.4" or "lines.exact >= last - 0.02", with '
            "the candidate's name in front unless it is about the first candidate.",
            WRONG_USAGE,
        )
    return parts


def check_guard(text: str, run: dict[str, Any], earlier: Sequence[dict[str, Any]] = ()) -> GuardResult:
    """Check one guard on the documents of a run and of those before it, oldest first. Raises `UserError`.

    `last` is the newest earlier run that has the figure.
    """
    parts = parse_guard(text)
    candidate = parts["candidate"] or next(iter(run["versions"]), "")
    named = (candidate, parts["kind"], parts["name"])
    found = figure(run, *named)
    if found is None:
        return GuardResult(text, False, None, None, f"{candidate} has no figure {named[1]}.{named[2]}")
    limit = float(parts["number"] or 0)
    if parts["last"]:
        before = next(
            (value for past in reversed(earlier) if (value := figure(past, *named)) is not None), None
        )
        if before is None:
            return GuardResult(text, True, found, None, f"{found:.3f}; no earlier run has it")
        limit = before + float(parts["more"] or 0) * (-1 if parts["plus"] == "-" else 1)
    holds = found >= limit - 1e-9 if parts["sign"] == ">=" else found <= limit + 1e-9
    return GuardResult(text, holds, found, limit, f"{found:.3f}, limit {limit:.3f}")


def figure(run: dict[str, Any], candidate: str, kind: str, name: str) -> float | None:
    """A figure of a candidate in a run's document, None if it has none."""
    for row in run["kinds"]:
        if row["candidate"] == candidate and row["kind"] == kind:
            value = row["numbers"].get(name, row.get(name))
            return float(value) if isinstance(value, int | float) else None
    return None
