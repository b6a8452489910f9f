"""Which lines are suspicious of a failure: those that failing tests run, and tests that pass do not.

A value of a line is Ochiai's (Abreu et al., 2007): 1 where all failing tests run it and no other test does.
Where no run says which lines ran, the traceback and the code in question say it. It runs nothing.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

Line = tuple[str, int]  # a path and a number from 1

ELSEWHERE = 0.6  # the weight of what is called, next to the code in question, which the user named
TRACED = 0.3  # what a line of the traceback has more, and one that the user named


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A line of a file, from 1, with its text as it is, or as it would be."""

    path: str
    line: int
    text: str

    @property
    def words(self) -> str:
        """Where it is, and what it says."""
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(frozen=True, slots=True)
class TestLines:
    """The lines that one test ran, or several together, and whether it passed."""

    __test__ = False  # pytest takes any class with this beginning for a test

    passed: bool
    lines: frozenset[Line]


@dataclass(frozen=True, slots=True)
class CodePlace:
    """Lines of a file that an error may be in, both ends included; `named` are those that the user named."""

    path: str
    first: int
    last: int
    named: bool = False

    def has(self, line: Line) -> bool:
        """Whether a line is one of these."""
        return line[0] == self.path and self.first <= line[1] <= self.last


@dataclass(frozen=True, slots=True)
class Suspicions:
    """The suspicion of each statement of some places, by its first line; `measured`: tests were followed."""

    values: Mapping[Line, float]
    starts: Mapping[str, Sequence[int]]
    measured: bool

    def of(self, line: Line) -> float:
        """The suspicion of the statement that a line is in; 0 for what no failing test runs."""
        return self.values.get(statement_at(self.starts, line), 0.0)

    def worst(self, count: int) -> list[Line]:
        """The most suspicious statements; of equals, those further down, where results are made."""
        found = [line for line, value in self.values.items() if value > 0]
        return sorted(found, key=lambda line: (-round(self.values[line], 3), line[0], -line[1]))[:count]


def statement_at(starts: Mapping[str, Sequence[int]], line: Line) -> Line:
    """The first line of the statement that a line is in: the last one that begins there or above.

    >>> statement_at({"a.py": [1, 4, 9]}, ("a.py", 6)), statement_at({}, ("b.py", 6))
    (('a.py', 4), ('b.py', 6))
    """
    path, number = line
    known = starts.get(path, ())
    at = bisect_right(known, number)
    return (path, known[at - 1]) if at else line


def suspicions(
    places: Sequence[CodePlace],
    runs: Sequence[TestLines],
    traced: Iterable[Line],
    starts: Mapping[str, Sequence[int]],
) -> Suspicions:
    """How suspicious each statement in some places is. `starts` are the first lines of statements, by path.

    >>> rows = [TestLines(False, frozenset({("a", 2), ("a", 3)})), TestLines(True, frozenset({("a", 2)}))]
    >>> found = suspicions([CodePlace("a", 1, 4, True)], rows, (), {"a": [1, 2, 3, 4]})
    >>> {line[1]: round(value, 2) for line, value in found.values.items()}
    {2: 0.71, 3: 1.0}
    """
    near = {statement_at(starts, line) for line in traced}
    ran = [{statement_at(starts, line) for line in run.lines} for run in runs]
    failing = [lines for run, lines in zip(runs, ran, strict=True) if not run.passed]
    passing = [lines for run, lines in zip(runs, ran, strict=True) if run.passed]
    measured = any(place.has(line) for place in places for lines in failing for line in lines)
    lines = [
        (place, (place.path, number))
        for place in places
        for number in starts.get(place.path, ())
        if place.first <= number <= place.last
    ]
    values: dict[Line, float] = {}
    for place, line in lines:
        bad = sum(line in one for one in failing)
        good = sum(line in one for one in passing)
        value = bad / math.sqrt(len(failing) * (bad + good)) if bad else 0.0 if measured else 0.5
        if value or line in near:
            weight = 1.0 if place.named else ELSEWHERE
            values[line] = max(values.get(line, 0.0), weight * value + TRACED * (line in near))
    return Suspicions(values, starts, measured)
