"""Proof of an edit or of new tests: a plain value, for everyone who shows or records it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

ProofKind = Literal["tests", "types", "none"]


@dataclass(frozen=True, slots=True)
class ExpectedCall:
    """A call that the user named: what it came to before the edit, and what it should come to, as code."""

    call: str
    today: str
    wanted: str


@dataclass(frozen=True, slots=True)
class RecordedCounts:
    """The counts of new tests; `tests` are their names.

    `branches` and `mutants` are (reached or noticed, all); `left_out` counts calls by the reason, and
    `contradictions` say where the code gives another value than its docstring says. `tested` counts the calls
    of existing tests by their files, `new_mutants` are those that these tests do not notice. `words` say all.
    """

    tests: tuple[str, ...]
    branches: tuple[int, int]
    mutants: tuple[int, int]
    left_out: Mapping[str, int]
    contradictions: tuple[str, ...]
    tested: Mapping[str, int] = field(default_factory=dict)
    new_mutants: int = 0
    words: str = ""


@dataclass(frozen=True, slots=True)
class Proof:
    """Proof of an edit or of new tests: its kind, in words, and how many attempts were checked.

    `refuted`: tests or types speak against it. `expected` is the user's own call, whose test judged it;
    `recorded` is there for new tests, which ran. `lines` are lines of code by their meaning: those that are
    "suspicious", by tests that fail, and those that "others" would change, which the tests accept as well.
    """

    kind: ProofKind
    words: str = ""
    attempts: int = 1
    refuted: bool = False
    expected: ExpectedCall | None = None
    recorded: RecordedCounts | None = None
    lines: Mapping[str, tuple[Mapping[str, str | int], ...]] = field(default_factory=dict)
