"""What a question begins with before any model: places, and what the best one says."""

from pathlib import Path

import pytest
from config_files import write

from assist_context.evidence.quotes import LONGEST
from assist_server.config.config import load
from assist_server.questions.composition import decision_inputs
from assist_server.questions.decision import decide
from assist_server.questions.draft import Question, QuestionFolders
from assist_server.questions.events import PlacesFound
from assist_server.questions.session import places_found
from assist_server.workspace.folder_index import corpus_of
from assist_server.workspace.index_update import folder_at, update_index

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
"""


def asked(root: Path, config_folder: Path, words: str) -> PlacesFound | None:
    config_folder.mkdir()
    config = load(write(config_folder, ""))
    folder = folder_at(config, root)
    update_index(config, folder, lambda *_: None)
    corpus = corpus_of(folder)
    try:
        inputs = decision_inputs(config, [str(root)])
        return places_found(decide(Question("ask", words), QuestionFolders(corpus), inputs))
    finally:
        corpus.reader.close()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "w"
    (root / "docs").mkdir(parents=True)
    (root / "docs" / "proxies.md").write_text(PAGE)
    (root / "retry.py").write_text(CODE)
    return root


def test_a_page_is_quoted_without_its_headings(root: Path, tmp_path: Path) -> None:
    found = asked(root, tmp_path / "own", "how do I use a proxy through an environment variable?")
    assert found is not None
    assert found.places[0].name == "Proxies > Through an environment variable"
    assert found.said == (
        "Any request goes through a proxy with it:",
        "",
        "```sh",
        "export HTTP_PROXY=http://localhost",
        "```",
    )


def test_of_code_the_lines_with_the_words_are_quoted(root: Path, tmp_path: Path) -> None:
    found = asked(root, tmp_path / "own", "which function computes the backoff of an attempt?")
    assert found is not None
    assert found.places[0].path == "retry.py"
    assert "    backoff = 2**attempt" in found.said


def test_long_lines_are_cut(root: Path, tmp_path: Path) -> None:
    (root / "docs" / "proxies.md").write_text("# Proxies\n\n" + "a proxy and more " * 40 + "\n")
    found = asked(root, tmp_path / "own", "docs: how do I use a proxy?")
    assert found is not None
    assert [len(line) for line in found.said] == [LONGEST + len(" ...")]


def test_nothing_is_said_where_nothing_is_found(root: Path, tmp_path: Path) -> None:
    assert asked(root, tmp_path / "own", "docs: zzz qqq?") is None
