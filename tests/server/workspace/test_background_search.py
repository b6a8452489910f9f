"""The search in the background: a late answer is completed, unless something newer waits."""

from collections.abc import Callable, Sequence
from queue import Queue
from threading import Event

import pytest

from assist_context.documents import Cursor, Document, TextNames
from assist_context.retrieval.retriever import RetrievalResult
from assist_server.workspace.background_search import TRIES, BackgroundSearch, SearchRequest

LATE, WHOLE = RetrievalResult(late=True), RetrievalResult()


class SlowStart:
    """A searcher with these results, one after the other; `during` is called in its first search."""

    def __init__(self, results: Sequence[RetrievalResult], during: Callable[[], None]) -> None:
        self.results = list(results)
        self.during = during
        self.paths: list[str] = []

    def search(self, request: SearchRequest) -> RetrievalResult:
        self.paths.append(request.path)
        if len(self.paths) == 1:
            self.during()
        return self.results.pop(0)

    def refute(self, _: Document, __: Cursor, names: TextNames) -> TextNames:
        return names

    def refresh(self) -> None: ...
    def close(self) -> None: ...


def request_for(path: str) -> SearchRequest:
    return SearchRequest(path, Cursor(0, 0), {}, (), 400)


@pytest.mark.parametrize(
    ("results", "searches"),
    [([WHOLE], 1), ([LATE, WHOLE], 2), ([LATE] * TRIES, TRIES)],
    ids=["whole", "late", "always late"],
)
def test_what_was_late_is_searched_again_and_told_once(
    results: Sequence[RetrievalResult], searches: int
) -> None:
    answers = Queue[RetrievalResult]()
    searcher = SlowStart(results, lambda: None)
    search = BackgroundSearch(lambda: searcher, lambda _, result: answers.put(result))
    search.request(request_for("a.py"))
    assert answers.get(timeout=10) is results[-1]
    search.close()
    assert searcher.paths == ["a.py"] * searches
    assert answers.empty()


def test_a_newer_request_does_not_wait_for_the_late_one() -> None:
    begun, asked = Event(), Event()

    def wait() -> None:
        begun.set()
        asked.wait(10)

    answers = Queue[str]()
    searcher = SlowStart([LATE, WHOLE], wait)
    search = BackgroundSearch(lambda: searcher, lambda request, _: answers.put(request.path))
    search.request(request_for("old.py"))
    assert begun.wait(10)
    search.request(request_for("new.py"))
    asked.set()
    assert [answers.get(timeout=10), answers.get(timeout=10)] == ["old.py", "new.py"]
    search.close()
    assert searcher.paths == ["old.py", "new.py"]
