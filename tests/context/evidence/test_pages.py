"""Evidence for a question about documentation: the right section whole, and nothing to fill the room."""

from pathlib import Path

import pytest
from indexing import corpus_of

from assist_context.documents import CHARS_PER_TOKEN
from assist_context.evidence.for_question import gather_evidence
from assist_context.retrieval.corpus import Corpus

WORKERS = """\
# Deployments

General words.

## Workers in a cluster

Start one worker in each container of the cluster.

### Why

The cluster counts containers already.

### Memory

Each process loads the model again.

## Something else

Unrelated words about colours.
"""
TEXTS = {
    "docs/deployment.md": WORKERS,
    "docs/js/custom.js": "function workers() {\n  const cluster = 'cluster';\n  return cluster;\n}\n",
    "docs/css/site.css": ".workers { color: red }\n.cluster { color: red }\n",
    "docs_src/responses/tutorial001.py": "def workers():\n    '''A cluster.'''\n    return 1\n",
    "src/pool.py": "def workers():\n    '''Workers of the pool; see the backlog_limit.'''\n    return 1\n",
    "docs/other.md": "# Other\n\nNothing.\n",
}
ASKED = "docs: how many workers should I start in a cluster?"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return corpus_of(tmp_path_factory.mktemp("w") / "w", TEXTS)


def shown(corpus: Corpus, question: str, tokens: int = 700) -> list[str]:
    return [snippet.path for snippet in gather_evidence(corpus, question, None, tokens).snippets]


def test_a_page_that_answers_is_shown_without_code_and_scripts(corpus: Corpus) -> None:
    assert shown(corpus, ASKED) == ["docs/deployment.md"]


def test_the_section_is_shown_with_what_is_below_it(corpus: Corpus) -> None:
    first = gather_evidence(corpus, ASKED, None, 700).snippets[0]
    assert first.name == "Deployments > Workers in a cluster"
    assert "Each process loads the model again." in first.text
    assert "colours" not in first.text


def test_it_is_shown_as_far_as_there_is_room(tmp_path: Path) -> None:
    long = WORKERS.replace("The cluster counts containers already.\n", "A line about clusters.\n" * 200)
    first = gather_evidence(corpus_of(tmp_path / "l", {"docs/a.md": long}), ASKED, None, 300).snippets[0]
    assert 500 < len(first.text) <= 300 * CHARS_PER_TOKEN
    assert first.text.count("A line about clusters.") > 10


def test_code_that_has_more_of_the_words_than_any_page_is_shown(corpus: Corpus) -> None:
    assert "src/pool.py" in shown(corpus, "docs: what is the backlog_limit of the pool?")


def test_scripts_of_a_site_are_shown_to_a_question_about_code(corpus: Corpus) -> None:
    assert "docs/js/custom.js" in shown(corpus, "Which function returns the cluster in the source?")
    assert "docs/js/custom.js" not in shown(corpus, "cluster workers")


def test_who_asks_how_gets_the_section_with_an_example_first(tmp_path: Path) -> None:
    pages = {
        "docs/about.md": "# Retries\n\nA retry of a request is a retry, and a retry may be retried.\n",
        "docs/retry.md": "# More\n\nA retry of a request:\n\n```py\nsend(request, retry=2)\n```\n\nThat is all.\n",
    }
    corpus = corpus_of(tmp_path / "how", pages)
    found = [
        gather_evidence(corpus, words, None, 300).snippets[0].path
        for words in ("docs: retry of a request", "how do I retry a request?")
    ]
    assert found == ["docs/about.md", "docs/retry.md"]
