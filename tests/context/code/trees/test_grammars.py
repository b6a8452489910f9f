"""Time limits, measured by a fake clock: processor time counts, and not the time that passes."""

from collections.abc import Iterator
from itertools import chain, count, repeat

import tree_sitter

from assist_context.code.trees import grammars

CALLS = 20_000
TEXT = b"f(a.B)\n" * CALLS  # parsing takes 20 ms, the query 50 ms or more: longer than a limit of 5 ms
LIMIT = 5_000


class Clock:
    """A clock that shows one time after the other, and counts how often it was read."""

    def __init__(self, times: Iterator[float]) -> None:
        self.looks, self._times = 0, times

    def __call__(self) -> float:
        self.looks += 1
        return next(self._times)


def waiting(most: int = 2_000) -> Clock:
    """The clock of a process that hardly gets processor time; after so many reads it has had enough."""
    return Clock(chain(repeat(0.0, most), count(1.0)))


def working() -> Clock:
    """The clock of a process that has the processor for itself: a second passes between two reads."""
    return Clock(count(0.0))


def query() -> tree_sitter.Query:
    found = grammars.query("python")
    assert not isinstance(found, str)
    return found


def root() -> tree_sitter.Node:
    tree = grammars.parse_tree("python", TEXT, 60_000_000)
    assert tree is not None
    return tree.root_node


def test_a_query_that_waited_for_the_processor_is_asked_for_longer() -> None:
    clock = waiting()
    first, late = grammars.run_query(query(), root(), microseconds=LIMIT, clock=working())
    assert late
    assert len(first) < 2 * CALLS
    every, late = grammars.run_query(query(), root(), microseconds=LIMIT, clock=clock, waits=14)
    assert not late
    assert len(every) == 2 * CALLS
    assert clock.looks > 1


def test_a_query_that_never_gets_the_processor_is_given_up() -> None:
    clock = waiting()
    found, late = grammars.run_query(query(), root(), microseconds=1, clock=clock, waits=3)
    assert late
    assert len(found) < 2 * CALLS
    assert clock.looks == 1 + 3


def test_a_parse_that_waited_for_the_processor_goes_on() -> None:
    clock = waiting()
    tree = grammars.parse_tree("python", TEXT, LIMIT, clock)
    assert tree is not None
    assert tree.root_node.end_byte == len(TEXT)
    assert tree.root_node.child_count == CALLS
    assert clock.looks > 2


def test_a_parse_that_had_the_processor_is_given_up() -> None:
    clock = working()
    assert grammars.parse_tree("python", TEXT, LIMIT, clock) is None
    assert clock.looks == 2
    tree = grammars.parse_tree("python", b"a = 1\n", 1_000_000)  # nothing of the last parse is left
    assert tree is not None
    assert tree.root_node.end_byte == 6


def test_without_comments_all_else_is_found() -> None:
    text = b'# c\nclass A:\n    """D."""\n    x: B = 1\n\n    @d\n    def f(self): return g(C.e)\n'
    every, few = grammars.read("python", text), grammars.read("python", text, docs=False)
    assert [mark for mark in every.marks if mark[2] != "comment"] == list(few.marks)
    assert [match for match in every.matches if "doc" not in match[1]] == list(few.matches)
    assert len(every.matches) == len(few.matches) + 1
    assert len(every.marks) == len(few.marks) + 1
