"""The snippets at a cursor of a real, indexed folder: by which signal, and what never appears."""

import os
from itertools import count
from pathlib import Path

import pytest
from indexing import corpus_of
from workspaces import MODELS

from assist_context.code.symbols import symbols
from assist_context.documents import Cursor, Document, Snippet, split_lines
from assist_context.index.reader import IndexReader
from assist_context.languages import language_of
from assist_context.retrieval.corpus import Corpus, OpenFile
from assist_context.retrieval.retriever import RetrievalRequest, RetrievalResult, Retriever, retrieve_once

USE = "from shop.models import parse_money as pm\n\n\ndef total(lines):\n    return pm█(lines)\n"


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    texts = {
        "shop/__init__.py": "",
        "shop/models.py": MODELS,
        "shop/unrelated.py": "def weather():\n    return 'rain'\n",
        "tests/test_till.py": "from shop.till import total\n\n\ndef test_total():\n    assert total([])\n",
        ".env": "PARSE_MONEY=secret_value_of_env\n",
        ".assistignore": "hidden/\n",
        "hidden/parse_money.py": "def parse_money(secret_hidden):\n    return secret_hidden\n",
    }
    return corpus_of(tmp_path / "w", texts)


def near(corpus: Corpus, source: str, path: str = "shop/till.py", tokens: int = 400) -> RetrievalResult:
    before, _, after = source.partition("█")
    document = Document(path, split_lines(before + after), language_of(path))
    cursor = Cursor(before.count("\n"), len(before.rpartition("\n")[2]))
    return retrieve_once(corpus, document, cursor, tokens, path)


def test_an_imported_name_is_shown_by_its_definition_even_under_an_alias(corpus: Corpus) -> None:
    first = near(corpus, USE).snippets[0]
    assert (first.path, first.signal, first.start_line, first.end_line) == (
        "shop/models.py",
        "definition",
        11,
        13,
    )
    assert first.text.startswith("def parse_money(text):")
    assert len(first.blob) == 40


def test_visible_lines_are_not_shown_again(corpus: Corpus) -> None:
    assert all(each.path != "shop/models.py" for each in near(corpus, MODELS + "█").snippets)


def test_the_budget_is_kept_and_a_long_definition_cut_at_a_line(corpus: Corpus) -> None:
    found = near(corpus, USE, tokens=40).snippets
    assert found
    assert sum(len(each.text) + len(each.path) for each in found) <= 40 * 3.2
    assert all(each.text.endswith("\n") for each in found)


def test_nothing_excluded_is_ever_shown(corpus: Corpus) -> None:
    for tokens in (100, 4_000):
        shown = near(corpus, USE.replace("pm█", "parse_money█"), tokens=tokens).snippets
        assert not any("secret" in each.text or "hidden" in each.path for each in shown)


def test_open_documents_shadow_the_index(corpus: Corpus) -> None:
    changed = MODELS.replace("def parse_money(text):", "def parse_money(text, locale):")
    language = language_of("shop/models.py")
    document = Document("shop/models.py", split_lines(changed), language)
    corpus.set_open({"shop/models.py": OpenFile(document, symbols(language, changed))})
    first = near(corpus, USE).snippets[0]
    assert "locale" in first.text
    assert first.blob == ""


def test_a_file_that_changed_since_is_not_shown_by_its_old_lines(corpus: Corpus) -> None:
    path = Path(corpus.root) / "shop/models.py"
    path.write_text("# moved\n" * 40 + MODELS)
    os.utime(path, ns=(1, 1))
    assert all(each.path != "shop/models.py" for each in near(corpus, USE).snippets)


def test_recent_edits_are_shown_and_late_signals_give_their_last_answer(corpus: Corpus) -> None:
    before, _, after = USE.partition("█")
    document = Document("shop/till.py", split_lines(before + after), language_of("a.py"))
    imports = symbols(document.language, document.text).imports
    edit = Snippet("notes.py", 1, 1, "rates = load_rates()\n", "recent-edit")
    asked = RetrievalRequest(document, Cursor(4, 13), "shop/till.py", imports, (edit,))
    ticks = count()
    tick_s = 0.0
    retriever = Retriever(corpus, clock=lambda: tick_s * next(ticks))
    first = retriever.near(asked, 400)
    assert {"definition", "recent-edit"} <= {each.signal for each in first.snippets}
    assert not first.late
    tick_s = 1.0
    again = retriever.near(asked, 400)
    assert again.late
    assert again.snippets == first.snippets


def test_a_late_answer_reads_one_file_more_and_the_next_ones_the_others(tmp_path: Path) -> None:
    texts = {f"m{at}.py": f"def helper_{at}(text):\n    return text[{at}]\n" for at in range(4)}
    corpus = corpus_of(tmp_path / "w", texts)
    names = "".join(f"from m{at} import helper_{at}\n" for at in range(4))
    lines = split_lines(names + "x = helper_0(helper_1(helper_2(helper_3(")
    document = Document("use.py", lines, language_of("use.py"))
    asked = RetrievalRequest(
        document, Cursor(4, len(lines[4])), "use.py", symbols(document.language, names).imports
    )
    found = Retriever(corpus, clock=lambda: 0.0)
    prompt = found.near(asked, 400)
    assert len({each.path for each in prompt.snippets}) == 4
    corpus = Corpus(corpus.root, corpus.reader)

    def read() -> float:
        return float(sum(corpus.is_cached(f"m{at}.py") for at in range(4)))

    late = Retriever(corpus, clock=read)  # the time is up once a file was read
    assert [read() for _ in range(3) if late.near(asked, 400)] == [2, 4, 4]
    assert late.near(asked, 400).snippets == prompt.snippets


def test_lines_count_as_an_editor_counts_them(tmp_path: Path) -> None:
    text = "import os\n\x0c\n\n\ndef far(path):\n    return os.stat(path)\n"
    corpus = corpus_of(tmp_path / "w", {"old.py": text})
    (defined,) = corpus.definitions("far")
    assert corpus.lines("old.py")[defined.start_line - 1] == "def far(path):\n"


def test_an_outline_is_that_of_the_index_as_it_is_now(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path / "w", {"a.py": "def one():\n    return 1\n"})
    assert [each.name for each in corpus.outline("a.py")] == ["one"]
    corpus_of(tmp_path / "w", {"a.py": "def two():\n    return 22\n"})
    assert [each.name for each in corpus.outline("a.py")] == ["two"]


def test_an_empty_or_missing_index_gives_nothing(tmp_path: Path) -> None:
    assert near(Corpus(str(tmp_path), IndexReader(str(tmp_path / "none.sqlite"))), USE).snippets == ()


def test_no_heading_and_no_translation_is_shown_in_code(tmp_path: Path) -> None:
    texts = {"shop/models.py": MODELS}
    for language in ("", "de/", "fr/", "ja/", "pt/"):
        words = "parse_money and Money are told here, with total, lines and pm.\n"
        page = f"# Money\n\n{words}\n#### parse_money\n\n{words}\n#### pm\n"
        texts[f"docs/{language}money.md"] = page
    corpus = corpus_of(tmp_path / "w", texts)
    found = near(corpus, USE, tokens=4_000).snippets
    assert [each.path for each in found if each.path.endswith(".md")] == []
    assert found[0].path == "shop/models.py"
    corpus.reader.close()
