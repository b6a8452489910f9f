"""The order in which contents are parsed, and what happens to results."""

import pytest

from assist_context.files.blobs import FileEntry
from assist_context.index.extraction import ParsedFile
from assist_context.indexer.parse_queue import BATCH_FILES, ParseQueue

HOUR_NS = 3_600_000_000_000


def entry(path: str, hour: int = 0, blob: str = "") -> FileEntry:
    return FileEntry(path, blob or path, 1, hour * HOUR_NS, "text")


def drained(pending: ParseQueue) -> list[str]:
    found = []
    while (each := pending.take_next()) is not None:
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
    pending = ParseQueue()
    pending.prefer(first)
    pending.want(FILES)
    assert drained(pending) == order.split()


def test_the_order_may_change_while_some_are_out() -> None:
    pending = ParseQueue()
    pending.want(FILES)
    assert pending.take_next() == entry("b/new.py", 9)
    pending.prefer(("d.py",))
    assert drained(pending) == ["d.py", "c.py", "a/old.py", "a/x.py", "b/y.py"]


def test_a_content_is_wanted_once_per_language() -> None:
    pending = ParseQueue()
    pending.want([entry("a.py", blob="1"), entry("b.py", blob="1"), entry("b.js", blob="1")])
    pending.want([entry("c.py", blob="1")])
    assert drained(pending) == ["a.py", "b.js"]


def test_what_is_not_wanted_any_more_is_not_kept() -> None:
    pending = ParseQueue()
    pending.want([entry("a.py")])
    out = pending.take_next()
    assert out is not None
    pending.clear()
    assert not pending.put_back(out, ParsedFile("python"))
    assert pending.results == []
    pending.want([out])
    assert drained(pending) == ["a.py"]


def test_what_is_out_and_wanted_again_is_not_given_twice() -> None:
    pending = ParseQueue()
    pending.want([entry("a.py")])
    out = pending.take_next()
    assert out is not None
    pending.clear()
    pending.want([out])
    assert drained(pending) == []
    assert pending.put_back(out, ParsedFile("python"))


def test_results_that_were_dropped_are_made_again() -> None:
    pending = ParseQueue()
    pending.want([entry("a.py")])
    out = pending.take_next()
    assert out is not None
    pending.put_back(out, ParsedFile("python"))
    pending.clear()
    pending.want([out])
    assert drained(pending) == ["a.py"]


def test_results_are_written_when_they_are_many_or_all() -> None:
    pending = ParseQueue()
    files = [entry(f"{number}.py") for number in range(BATCH_FILES + 1)]
    pending.want(files)
    assert pending.write_due() is None
    pending.put_back(files[0], ParsedFile("python"))
    later = pending.write_due()
    for each in files[1:BATCH_FILES]:
        pending.put_back(each, ParsedFile("python"))
    now = pending.write_due()
    assert later is not None
    assert now is not None
    assert now < later
    pending.mark_written()
    assert (pending.write_due(), list(pending.wanted)) == (None, [(f"{BATCH_FILES}.py", "python")])
    pending.put_back(files[-1], ParsedFile("python"))
    pending.mark_written()
    assert not pending.wanted
