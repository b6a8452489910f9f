"""The evidence for a question about a real, indexed folder: by which signal, in which order, how much."""

import os
from itertools import pairwise
from pathlib import Path

import pytest
from indexing import corpus_of
from workspaces import MODELS

from assist_context.code.symbols import symbols
from assist_context.documents import CHARS_PER_TOKEN, Document, Snippet, split_lines
from assist_context.evidence.call_graph import TargetLines
from assist_context.evidence.for_question import PLANS, GatheredEvidence, gather_evidence
from assist_context.evidence.mentions import MentionedName, find_names
from assist_context.evidence.token_budget import MARKS
from assist_context.files.blobs import excerpt
from assist_context.index.reader import IndexedDefinition, IndexReader
from assist_context.languages import language_of
from assist_context.retrieval.corpus import Corpus, OpenFile

TILL = """\
from shop.models import Money, parse_money as pm
from shop.receipts import print_receipt


def total(lines):
    found = Money(0)
    for line in lines:
        found = found.plus(pm(line))
    return print_receipt(found)
"""
RECEIPTS = "def print_receipt(amount):\n    return f'{amount} to pay'\n"
CHECKOUT = "from shop.till import total\n\n\nclass Checkout:\n" + "".join(
    f"    def step{number}(self):\n        return {number}\n\n" for number in range(9)
)
CHECKOUT += "    def finish(self, basket):\n        lines = [str(each) for each in basket]\n"
CHECKOUT += "        a = 1\n        b = 2\n        c = 3\n        due = total(lines)\n        return due\n"
TEST = "from shop.till import total\n\n\ndef test_total():\n    assert total([])\n\n\ndef test_other():\n    pass\n"
WEATHER = "def forecast(region):\n    '''Whether umbrellas will be needed.'''\n    return 'rain'\n"


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    texts = {
        "shop/__init__.py": "", "shop/models.py": MODELS, "shop/till.py": TILL, "shop/receipts.py": RECEIPTS,
        "shop/checkout.py": CHECKOUT, "tests/test_till.py": TEST, "weather.py": WEATHER,
        "other/total.py": "def total(): pass\n", ".assistignore": "hidden/\n",
        "hidden/secret.py": "from shop.till import total\n\n\ndef secret_caller(lines):\n    return total(lines)\n",
    }  # fmt: skip
    return corpus_of(tmp_path / "w", texts)


TOTAL = TargetLines("shop/till.py", 5, 9)


def by(signal: str, found: GatheredEvidence) -> list[Snippet]:
    return [each for each in found.snippets if each.signal == signal]


def paths(signal: str, found: GatheredEvidence) -> list[str]:
    return [each.path for each in by(signal, found)]


def test_the_target_comes_first_as_it_is(corpus: Corpus) -> None:
    first = gather_evidence(corpus, "Why is this wrong?", TOTAL, 2_000).snippets[0]
    assert (first.signal, first.path, first.start_line, first.end_line) == ("target", "shop/till.py", 5, 9)
    assert first.text == "".join(TILL.splitlines(keepends=True)[4:])


def test_callers_are_shown_by_the_lines_that_call(corpus: Corpus) -> None:
    [caller] = by("caller", gather_evidence(corpus, "Who uses it?", TOTAL, 2_000))
    assert caller.text.splitlines() == ["def finish(self, basket):", "    due = total(lines)"]


def test_for_an_edit_callers_are_shown_by_their_head_and_the_lines_around_the_call(corpus: Corpus) -> None:
    found = gather_evidence(corpus, "Add a parameter for the currency.", TOTAL, 2_000, command="refactor")
    [caller] = by("caller", found)
    assert caller.path == "shop/checkout.py"
    assert caller.text.splitlines() == [
        "def finish(self, basket):", "    b = 2", "    c = 3", "    due = total(lines)", "    return due"
    ]  # fmt: skip


def test_callees_are_the_definitions_of_what_is_called_even_under_an_alias(corpus: Corpus) -> None:
    found = gather_evidence(corpus, "Explain.", TOTAL, 2_000)
    assert [(each.path, each.start_line) for each in by("callee", found)] == [
        ("shop/models.py", 1),
        ("shop/models.py", 11),
        ("shop/receipts.py", 1),
    ]


def test_tests_are_found_by_reference_and_by_name(corpus: Corpus) -> None:
    first = by("test", gather_evidence(corpus, "Is it tested?", TOTAL, 2_000))[0]
    assert first.path == "tests/test_till.py"
    assert first.text == "def test_total():\n    assert total([])\n"
    of_models = gather_evidence(corpus, "Explain.", TargetLines("shop/receipts.py", 1, 2), 2_000)
    assert paths("caller", of_models) == ["shop/till.py"]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What does `parse_money` accept?", ("shop/models.py", 11)),
        ("What does parse_money accept?", ("shop/models.py", 11)),
        ("Is Money.plus right?", ("shop/models.py", 7)),
        ("Is shop.models.parse_money slow?", ("shop/models.py", 11)),
        ("Where is `total` of other.total used?", ("other/total.py", 1)),
        ("Who calls print_receipt()?", ("shop/receipts.py", 1)),
        ("What is in shop/receipts.py?", ("shop/receipts.py", 1)),
    ],
)
def test_definitions_of_what_the_question_names(
    corpus: Corpus, question: str, expected: tuple[str, int]
) -> None:
    found = by("definition", gather_evidence(corpus, question, None, 2_000))
    assert expected in [(each.path, each.start_line) for each in found]


def test_who_calls_what_is_named_without_a_target(corpus: Corpus) -> None:
    found = gather_evidence(corpus, "Who calls print_receipt?", None, 2_000)
    assert paths("caller", found) == ["shop/till.py"]


def test_plain_words_are_searched_for(corpus: Corpus) -> None:
    found = gather_evidence(corpus, "Where do we decide about umbrellas?", None, 2_000)
    assert paths("search", found)[0] == "weather.py"
    assert not by("definition", found)


def test_no_line_is_shown_twice_and_every_snippet_says_where_it_is_from(corpus: Corpus) -> None:
    question = "How do `total`, Money.plus, parse_money and shop/till.py work together with umbrellas?"
    found = gather_evidence(corpus, question, TOTAL, 4_000)
    seen: set[tuple[str, str]] = set()
    for each in found.snippets:
        entry = corpus.reader.file(each.path)
        assert entry is not None
        assert each.blob == entry.blob
        whole = excerpt(corpus.root, entry)
        assert whole is not None
        lines = {(each.path, line.strip()) for line in each.text.splitlines() if line.strip()}
        assert {line for _, line in lines} <= {
            line.strip() for line in whole[each.start_line - 1 : each.end_line]
        }
        assert not lines & seen
        seen |= lines
    order = [list(PLANS["code"]).index(each.signal) for each in found.snippets]
    assert order == sorted(order)
    assert all(a.score >= b.score for a, b in pairwise(found.snippets) if a.signal == b.signal)


@pytest.mark.parametrize("tokens", [0, 10, 40, 100, 300, 1_000])
def test_the_budget_is_kept(corpus: Corpus, tokens: int) -> None:
    found = gather_evidence(corpus, "What do parse_money and Money do?", TOTAL, tokens)
    cost = sum(len(each.text) + len(each.path) + MARKS for each in found.snippets)
    assert cost == found.characters <= tokens * CHARS_PER_TOKEN


def test_the_same_question_has_the_same_answer(corpus: Corpus) -> None:
    question = "How does total use Money and parse_money?"
    again = Corpus(corpus.root, IndexReader(str(Path(corpus.root).parent / "w.sqlite")))
    assert gather_evidence(corpus, question, TOTAL, 900) == gather_evidence(again, question, TOTAL, 900)


def test_nothing_excluded_is_ever_shown(corpus: Corpus) -> None:
    for target in (
        None,
        TOTAL,
        TargetLines("hidden/secret.py", 1, 9),
        TargetLines("../w/hidden/secret.py", 1, 9),
    ):
        found = gather_evidence(
            corpus, "Who calls `total`? What is secret_caller in hidden/secret.py?", target, 9_000
        )
        assert not any("secret_caller" in each.text or "hidden" in each.path for each in found.snippets)


def test_open_documents_shadow_the_index(corpus: Corpus) -> None:
    changed = "\n\n" + TILL.replace("print_receipt(found)", "found")
    language = language_of("shop/till.py")
    document = Document("shop/till.py", split_lines(changed), language)
    corpus.set_open({"shop/till.py": OpenFile(document, symbols(language, changed))})
    found = gather_evidence(corpus, "Explain.", TargetLines("shop/till.py", 7, 11), 2_000)
    assert found.snippets[0].text.startswith("def total")
    assert found.snippets[0].blob == ""
    assert "shop/receipts.py" not in paths("callee", found)
    assert not by("caller", gather_evidence(corpus, "Who calls print_receipt?", None, 2_000))


def test_a_file_that_changed_since_is_left_out(corpus: Corpus) -> None:
    path = Path(corpus.root) / "shop/checkout.py"
    path.write_text("# moved\n" * 40 + CHECKOUT)
    os.utime(path, ns=(1, 1))
    assert not by("caller", gather_evidence(corpus, "Explain.", TOTAL, 2_000))


def test_what_one_folder_lacks_is_found_in_another(corpus: Corpus, tmp_path: Path) -> None:
    there = corpus_of(tmp_path / "v", {"rates.py": "def vat_rate(country):\n    return 19\n"})
    other = Corpus(there.root, there.reader, "v")
    found = gather_evidence(corpus, "Where is vat_rate?", None, 2_000, (other,))
    assert paths("definition", found) == ["v/rates.py"]


def test_no_index_gives_nothing(tmp_path: Path) -> None:
    none = Corpus(str(tmp_path), IndexReader(str(tmp_path / "none.sqlite")))
    assert (
        gather_evidence(none, "What is `total` in a.py?", TargetLines("a.py", 1, 3), 900)
        == GatheredEvidence()
    )


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("", []),
        ("What does it do, and why?", []),
        ("`a`", [MentionedName("a")]),
        ("std::vec::Vec", [MentionedName("Vec", "std.vec")]),
        ("obj->run_now", [MentionedName("run_now", "obj")]),
        ("MAX_SIZE __init__ parseMoney HTTPServer iOS", ["MAX_SIZE", "__init__", "parseMoney", "HTTPServer", "iOS"]),
        ("run() and walk", [MentionedName("run")]),
        ("`größe` and größe_neu", [MentionedName("größe"), MentionedName("größe_neu")]),
    ],
)  # fmt: skip
def test_names(question: str, expected: list[MentionedName | str]) -> None:
    wanted = [MentionedName(each) if isinstance(each, str) else each for each in expected]
    assert list(find_names(question)) == wanted


class CountingCorpus(Corpus):
    """A corpus that counts how often it is asked what a name means."""

    asked = 0

    def few_definitions(self, name: str, most: int) -> tuple[IndexedDefinition, ...] | None:
        self.asked += 1
        return super().few_definitions(name, most)


def test_a_target_with_thousands_of_names_costs_no_more_than_one_with_hundreds(tmp_path: Path) -> None:
    lines = tuple(f"def f{at}(): return f{at * 7 % 2_000}()\n" for at in range(2_000))
    language = language_of("calls.py")
    corpus = CountingCorpus(str(tmp_path), IndexReader(str(tmp_path / "none.sqlite")))
    document = Document("calls.py", lines, language)
    corpus.set_open({"calls.py": OpenFile(document, symbols(language, document.text))})
    gather_evidence(corpus, "Explain.", TargetLines("calls.py", 1, 2_000), 2_000)
    assert 0 < corpus.asked <= 300


GUIDE = """\
# Events

General words about the life of an application.

## Alternative Events (deprecated)

### Startup

Register a function that warms the kettle before the first visitor arrives.
"""
LONG_PAGE = "# Proxy\n\n" + "".join(f"Paragraph {at} about nothing.\n\n" for at in range(150))
LONG_PAGE += "The option root_prefix strips the beginning of each address.\n"


@pytest.fixture
def documented(tmp_path: Path) -> Corpus:
    texts = {
        "app/kettle.py": "def kettle():\n    return warm()\n\n\ndef warm():\n    return 1\n",
        "app/teapot.py": "def Startup():\n    return 2\n",
        "tests/test_kettle.py": "import pytest\n\nfrom app.kettle import kettle\n\n\ndef test_kettle():\n    assert kettle()\n",
        "docs/en/events.md": GUIDE, "docs/en/proxy.md": LONG_PAGE, "docs/en/index.md": "# Home\n",
        "docs/fr/events.md": GUIDE.replace("General", "Mots"), "docs/fr/index.md": "# Accueil\n",
        "docs/em/events.md": GUIDE.replace("General", "👋"), "docs/em/index.md": "# 🏠\n",
        "old/v1/guide.md": GUIDE,
    }  # fmt: skip
    return corpus_of(tmp_path / "d", texts)


def test_a_section_is_shown_with_the_headings_above_it(documented: Corpus) -> None:
    found = gather_evidence(documented, "How do I warm the kettle before the first visitor?", None, 700)
    first = found.snippets[0]
    assert (first.signal, first.path) == ("page", "docs/en/events.md")
    assert first.name == "Events > Alternative Events (deprecated) > Startup"
    assert first.text.startswith(f"{first.name}\n\n### Startup\n")


def test_one_language_and_one_copy_of_a_page_is_shown_and_no_filler(documented: Corpus) -> None:
    question = "How do I warm the kettle before the first visitor?"
    for tokens in (700, 6_000):
        shown = paths("page", found := gather_evidence(documented, question, None, tokens))
        assert shown == ["docs/en/events.md"]
        others = {each.path for each in found.snippets} - {"docs/en/events.md"}
        assert others <= {"app/kettle.py", "tests/test_kettle.py"}
    french = gather_evidence(documented, "Comment est-ce que je peux warm kettle visitor ?", None, 700)
    assert paths("page", french)[0] == "docs/fr/events.md"


def test_the_words_that_were_asked_for_are_shown_of_a_long_section(documented: Corpus) -> None:
    found = gather_evidence(documented, "Which page tells about the option root_prefix?", None, 300)
    assert any("root_prefix strips" in each.text for each in by("page", found))


def test_headings_define_no_names(documented: Corpus) -> None:
    found = gather_evidence(documented, "What does `Startup` return?", None, 2_000)
    assert paths("definition", found) == ["app/teapot.py"]
    assert [each.path for each in documented.definitions("Startup")] == ["app/teapot.py"]


def test_an_explanation_gets_the_code_and_the_heads_of_what_it_calls(documented: Corpus) -> None:
    target = TargetLines("app/kettle.py", 1, 2)
    found = gather_evidence(documented, "", target, 700, command="explain")
    assert [(each.signal, each.text) for each in found.snippets] == [
        ("target", "def kettle():\n    return warm()\n"),
        ("callee", "def warm():\n"),
    ]


def test_existing_tests_come_right_after_the_code_with_their_imports(documented: Corpus) -> None:
    target = TargetLines("app/kettle.py", 1, 2)
    found = gather_evidence(documented, "Also with an empty one.", target, 700, command="test")
    assert [each.signal for each in found.snippets][:2] == ["target", "test"]
    assert "import pytest" in found.snippets[1].text
    assert "def test_kettle" in found.snippets[1].text


def test_an_open_page_is_outlined_by_its_headings(documented: Corpus) -> None:
    language = language_of("docs/en/events.md")
    document = Document("docs/en/events.md", split_lines("# New\n\n## Inner\ntext\n"), language)
    documented.set_open({"docs/en/events.md": OpenFile(document)})
    assert [each.qualified for each in documented.outline("docs/en/events.md")] == ["New", "New > Inner"]


def test_a_rewrite_shows_the_code_alone_and_new_names_that_mean_one_thing(corpus: Corpus) -> None:
    words = "Use `forecast` and `secret_caller`, rename the parameter `lines` to `step1`, as `total` does."
    found = gather_evidence(corpus, words, TOTAL, 2_000, command="alone")
    assert [(each.signal, each.path) for each in found.snippets] == [
        ("target", "shop/till.py"),
        ("definition", "weather.py"),
        ("definition", "shop/checkout.py"),
    ]


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("when is rain forecast for umbrellas", "weather.py"),
        ("is the rain forecast tested", "tests/test_weather.py"),
    ],
)
def test_tests_and_examples_come_after_the_code_unless_they_are_asked_for(
    tmp_path: Path, question: str, first: str
) -> None:
    check = "def test_umbrellas_when_rain_is_forecast():\n    forecast = rain = umbrellas = 1\n    assert forecast\n"
    texts = {
        "weather.py": WEATHER,
        "tests/test_weather.py": check,
        "examples/rain.py": check.replace("test_", ""),
    }
    found = gather_evidence(corpus_of(tmp_path / "w", texts), question, None, 2_000)
    assert found.snippets[0].path == first


def test_where_the_words_find_nothing_the_project_speaks_for_itself(corpus: Corpus, tmp_path: Path) -> None:
    assert gather_evidence(corpus, "how does it work?", None, 1500).snippets == ()
    shop = corpus_of(tmp_path / "v", {"README.md": "# Shop\n\nIt sells otters.\n", "weather.py": WEATHER})
    (page,) = gather_evidence(shop, "how does it work?", None, 1500).snippets
    assert (page.path, "otters" in page.text) == ("README.md", True)
