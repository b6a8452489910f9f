"""The order in which contents are parsed, and what becomes of results."""

import pytest

from assist_context.files.blobs import FileEntry
from assist_context.index.extraction import ParsedFile
from assist_context.indexer.parse_queue import BATCH_FILES, ParseQueue

HOUR_NS = 3_600_000_000_000


def entry(path: str, hour: int = 0, blob: str = "") -> FileEntry:
    return FileEntry(path, blob or path, 1, hour * HOUR_NS, "text")


def drained(work: ParseQueue) -> list[str]:
    found = []
    while (each := work.next()) is not None:
        found.append(each.path)
    return found


FILES = (
    entry("a/old.py"),
    entry("a/x.py"),
    entry("b/new.py", 9),
    entry("b/y.py"),
    entry("c.py", 5),
    entry("d.py"),
)


@pytest.mark.parametrize(
    ("first", "order"),
    [
        ((), "b/new.py c.py a/old.py a/x.py b/y.py d.py"),
        (("b/y.py",), "b/y.py b/new.py c.py a/old.py a/x.py d.py"),
        (("a/x.py", "d.py"), "a/x.py d.py c.py a/old.py b/new.py b/y.py"),
        (("not/there.py",), "b/new.py c.py a/old.py a/x.py b/y.py d.py"),
    ],
)
def test_order(first: tuple[str, ...], order: str) -> None:
    work = ParseQueue()
    work.order(first)
    work.want(FILES)
    assert drained(work) == order.split()


def test_the_order_may_change_while_some_are_out() -> None:
    work = ParseQueue()
    work.want(FILES)
    assert work.next() == entry("b/new.py", 9)
    work.order(("d.py",))
    assert drained(work) == ["d.py", "c.py", "a/old.py", "a/x.py", "b/y.py"]


def test_a_content_is_wanted_once_per_language() -> None:
    work = ParseQueue()
    work.want([entry("a.py", blob="1"), entry("b.py", blob="1"), entry("b.js", blob="1")])
    work.want([entry("c.py", blob="1")])
    assert drained(work) == ["a.py", "b.js"]


def test_what_is_not_wanted_any_more_is_not_kept() -> None:
    work = ParseQueue()
    work.want([entry("a.py")])
    out = work.next()
    assert out is not None
    work.clear()
    assert not work.back(out, ParsedFile("python"))
    assert work.results == []
    work.want([out])
    assert drained(work) == ["a.py"]


def test_what_is_out_and_wanted_again_is_not_given_twice() -> None:
    work = ParseQueue()
    work.want([entry("a.py")])
    out = work.next()
    assert out is not None
    work.clear()
    work.want([out])
    assert drained(work) == []
    assert work.back(out, ParsedFile("python"))


def test_results_that_were_dropped_are_made_again() -> None:
    work = ParseQueue()
    work.want([entry("a.py")])
    out = work.next()
    assert out is not None
    work.back(out, ParsedFile("python"))
    work.clear()
    work.want([out])
    assert drained(work) == ["a.py"]


def test_results_are_written_when_they_are_many_or_all() -> None:
    work = ParseQueue()
    files = [entry(f"{number}.py") for number in range(BATCH_FILES + 1)]
    work.want(files)
    assert work.until() is None
    work.back(files[0], ParsedFile("python"))
    later = work.until()
    for each in files[1:BATCH_FILES]:
        work.back(each, ParsedFile("python"))
    now = work.until()
    assert later is not None
    assert now is not None
    assert now < later
    work.written()
    assert (work.until(), list(work.wanted)) == (None, [(f"{BATCH_FILES}.py", "python")])
    work.back(files[-1], ParsedFile("python"))
    work.written()
    assert not work.wanted
