"""What a candidate for a fix is, what is known of the failure, and in which order candidates are tried.

These are values and their order. Nothing is read and nothing is run.
"""

from collections.abc import Iterable
from dataclasses import dataclass

# Kinds of a change, those first that are a real fix most often.
ORDER = (
    *("text", "handler", "case", "none", "comparison", "exception", "guard", "get", "number", "connection"),
    *("arguments", "function", "wrap", "name", "caught", "expression", "arithmetic"),
    "early return",
)


@dataclass(frozen=True, slots=True)
class FailureFacts:
    """What is known of a test that fails: the exception that was `raised`, and the one that was `wanted`.

    `lines` are those of the file in question that the traceback names, the innermost first; `texts` are
    pieces of what came out, each with what should have.
    """

    raised: str = ""
    wanted: str = ""
    lines: tuple[int, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CodeChange:
    """One change of a file, in a line of it: the characters from `start` up to `end` become `text`."""

    start: int
    end: int
    text: str
    kind: str
    line: int

    def apply_to(self, text: str) -> str:
        """The file with the change."""
        return text[: self.start] + self.text + text[self.end :]


def in_order(found: Iterable[CodeChange], failure: FailureFacts, text: str) -> list[CodeChange]:
    """The changes that differ, those first that are near the failure and of a likely kind."""
    unlike: dict[str, CodeChange] = {}
    for change in found:
        unlike.setdefault(change.apply_to(text), change)
    unlike.pop(text, None)
    return sorted(unlike.values(), key=lambda change: (_nearness(change, failure), ORDER.index(change.kind)))


def _nearness(change: CodeChange, failure: FailureFacts) -> int:
    """0 in a line of the traceback, 1 elsewhere; what is about the exception itself is near anyway."""
    close = change.kind in ("text", "handler", "exception") or not failure.lines
    return 0 if close or change.line in failure.lines else 1
