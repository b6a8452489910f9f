"""What a question begins with before any model: places, and what is there; alone, they are the answer."""

from dataclasses import replace
from pathlib import Path

import pytest
from config_files import write
from small_gguf import gguf

from assist_server.config.config import load
from assist_server.questions.composition import decision_inputs
from assist_server.questions.decision import AnswerContext, decide
from assist_server.questions.draft import Question, QuestionFolders
from assist_server.questions.events import AnswerSink, FinalAnswer, PlacesFound
from assist_server.questions.search import LONGEST
from assist_server.questions.session import BY_SEARCH, AnswerSession
from assist_server.wording.answers import answer_document, answer_header, answer_view
from assist_server.workspace.folder_index import open_corpus
from assist_server.workspace.index_update import open_folder, update_index

PAGE = """\
# Proxies

Pass the address of the proxy to the client.

## Through an environment variable

Any request goes through a proxy with it:

```sh
export HTTP_PROXY=http://localhost
```

It wins over the file.
"""
CODE = """\
def delay_of(attempt, limit):
    table = {}
    if attempt > limit:
        return None
    backoff = 2**attempt
    return backoff * 0.1


def wait(attempt):
    return delay_of(attempt, 9)
"""
TEST = "from retry import delay_of\n\n\ndef test_delay():\n    assert delay_of(9, 1) is None\n"


def decided(root: Path, question: Question, settings: str = "") -> AnswerContext:
    own = root.parent / "own"
    own.mkdir(exist_ok=True)
    config = load(write(own, settings))
    folder = open_folder(config, root)
    update_index(config, folder, lambda *_: None)
    corpus = open_corpus(folder)
    try:
        return decide(question, QuestionFolders(corpus), decision_inputs(config, [str(root)]))
    finally:
        corpus.reader.close()


def asked(root: Path, words: str) -> PlacesFound:
    found = decided(root, Question("ask", words)).places
    assert found is not None
    return found


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "w"
    (root / "docs").mkdir(parents=True)
    (root / "tests").mkdir()
    (root / "docs" / "proxies.md").write_text(PAGE)
    (root / "retry.py").write_text(CODE)
    (root / "tests" / "test_retry.py").write_text(TEST)
    return root


def test_a_page_is_quoted_without_its_headings(root: Path) -> None:
    place = asked(root, "how do I use a proxy through an environment variable?").places[0]
    assert place.inside == "Proxies > Through an environment variable"
    assert place.text == (
        "Any request goes through a proxy with it:",
        "",
        "```sh",
        "export HTTP_PROXY=http://localhost",
        "```",
    )


def test_code_is_shown_with_who_calls_it_and_its_tests(root: Path) -> None:
    place = asked(root, "which function computes the backoff of an attempt?").places[0]
    assert (place.path, place.line, place.inside) == ("retry.py", 5, "delay_of")
    assert "    backoff = 2**attempt" in place.text
    assert (place.callers, place.tests) == (("wait",), 1)


def test_long_lines_are_cut(root: Path) -> None:
    (root / "docs" / "proxies.md").write_text("# Proxies\n\n" + "a proxy and more " * 40 + "\n")
    place = asked(root, "docs: how do I use a proxy?").places[0]
    assert [len(line) for line in place.text] == [LONGEST + len(" ...")]


def test_nothing_is_found_where_nothing_has_the_words(root: Path) -> None:
    found = asked(root, "docs: zzz qqq?")
    assert (found.places, found.sure) == ((), False)
    assert [row.value for row in answer_header(found)[0]] == ["No line has these words."]


async def answered(context: AnswerContext) -> tuple[FinalAnswer, list[object]]:
    shown: list[object] = []

    async def no_model() -> None:
        raise AssertionError("a model was asked")

    final = await AnswerSession(no_model, sink=AnswerSink(facts=shown.append)).answer(context)
    return final, shown


async def test_places_are_the_whole_answer_without_a_model_that_may_write_sentences(root: Path) -> None:
    context = decided(root, Question("ask", "what happens when an attempt is over the limit?"))
    final, shown = await answered(context)
    assert (final.text, final.model, final.decision.cause) == ("", "", BY_SEARCH)
    assert shown == [context.places]
    document = answer_document(answer_view(context, final))
    first = document["places"][0]
    assert (first["path"], first["line"], first["first"], first["end_line"]) == ("retry.py", 3, 1, 6)
    assert (first["inside"], first["callers"], first["tests"], first["guess"]) == (
        "delay_of", ["wait"], 1, False
    )  # fmt: skip
    assert final.thread is not None
    assert "`delay_of`" in final.thread.turns[-1].answer


def test_a_model_answers_who_asks_for_its_sentences(root: Path) -> None:
    weights = root.parent / "small.gguf"
    weights.write_bytes(gguf(b"weights"))
    settings = f"[completion]\nmodel = '{weights}'\n"
    question = Question("ask", "what happens when an attempt is over the limit?")
    for asks, words, cause in (
        (question, "", BY_SEARCH),
        (replace(question, prose=True), "", "mode_never"),
        (question, "[answers]\nwords = true\n", "mode_never"),
    ):
        context = decided(root, asks, settings + words)
        assert context.places is not None
        assert context.decision.cause == cause
