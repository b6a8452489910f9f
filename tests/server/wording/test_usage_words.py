"""Counts of use in words: tables, two models next to each other, and the page."""

import json
import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pytest

from assist_server.records.usage.answer_counts import AnswerKey
from assist_server.records.usage.departures import DepartureKey
from assist_server.records.usage.exports import PersonUse
from assist_server.records.usage.model_pair import pair_of
from assist_server.records.usage.usage_report import BookedMoney, UsageReport, report_of_sums
from assist_server.records.usage.usage_sums import UsageSums
from assist_server.records.usage_rows import UsageKey
from assist_server.wording.usage.report_page import report_document, report_page
from assist_server.wording.usage.tables import ghost_rows, pair_document, pair_lines, question_rows

GHOST = Counter({"requests": 10, "shown": 8, "accepted": 4, "kept-30s": 2, "ms<=5": 9, "ms>2500": 1})


def test_rows_tell_shares_and_times_and_unknown_keys() -> None:
    groups = {"": GHOST, "qwen": GHOST + GHOST, "none": Counter({"requests": 1})}
    assert ghost_rows(groups, "model") == [
        ["qwen", "20", "16", "8", "4 (25%)", "5", ">2,500"],
        ["unknown", "10", "8", "4", "2 (25%)", "5", ">2,500"],
        ["none", "1", "0", "0", "-", "-", "-"],
    ]
    days = {"2026-02-01": GHOST, "2026-01-31": Counter({"requests": 99})}
    assert [row[0] for row in ghost_rows(days, "day")] == ["2026-01-31", "2026-02-01"]
    assert ghost_rows({"0a1b": GHOST, "\x1b[2Jx": GHOST}, "repo", {"0a1b": "shop"})[1][0] == "shop"
    assert ghost_rows({"\x1b[2Jx": GHOST}, "repo")[0][0] == "x"
    asked = {"ask": Counter({"asked": 3, "answered": 2, "escalated": 1, "good": 1})}
    assert question_rows(asked, "command") == [["ask", "3", "2", "1", "1", "0"]]


def pair_words(first: tuple[int, int], second: tuple[int, int]) -> list[str]:
    models = {
        name: Counter({"kept-30s": kept, "shown": shown, "ms<=50": 1})
        for name, (kept, shown) in (("small", first), ("big", second))
    }
    return pair_lines(pair_of(models))


@pytest.mark.parametrize(
    ("first", "second", "says"),
    [
        ((60, 600), (20, 500), "small is kept more often than big by 6.0 points"),
        ((20, 600), (60, 500), "big is kept more often than small by 8.7 points"),
        ((30, 300), (24, 290), r"They cannot be told apart yet: about [\d,]+ more suggestions are needed\."),
        ((30, 300), (29, 290), "They cannot be told apart yet, and no difference is in sight."),
        ((5, 10), (0, 9), r"They cannot be told apart yet: about \d+ more suggestions are needed\."),
    ],
)
def test_two_models_are_compared_in_words(first: tuple[int, int], second: tuple[int, int], says: str) -> None:
    shares, verdict = pair_words(first, second)
    assert f"small {first[0]} of {first[1]} shown ({first[0] / first[1]:.1%}), p95 at most 50 ms" in shares
    assert re.match(says, verdict)
    assert ("beyond chance" in verdict) == ("more often" in verdict)


def test_one_model_is_compared_with_none() -> None:
    assert pair_lines(pair_of({"small": GHOST, "": GHOST, "big": Counter({"requests": 1})})) == []
    assert pair_document(None) is None


SUMS = UsageSums(
    {
        UsageKey("2026-01-31", "0a1b2c", "/home/ann/models/mine.gguf", "python"): GHOST
        + Counter({"source-cache": 3})
    },
    {
        AnswerKey("2026-01-31", "0a1b2c", "fix", "big", "python"): Counter(
            {"asked": 5, "answered": 3, "offered": 2}
        )
    },
    {
        DepartureKey("2026-01-31", "fix", "acme", "https://models.example"): Counter(
            {"requests": 2, "cost_micro": 2_500_000, "input": 1200, "redacted-PASSWORD": 4}
        )
    },
)
EMPTY = report_of_sums(UsageSums({}, {}, {}), "")
FULL = report_of_sums(SUMS, "2026-01-01", BookedMoney(2_600_000, 1))


def team_report(name: str) -> UsageReport:
    person = PersonUse(name, GHOST, Counter({"asked": 5}), Counter({"cost_micro": 100}))
    return report_of_sums(SUMS, "", people=(person,), files=(2, 1))


class Reader(HTMLParser):
    """The text of a page, its elements, and whether each is closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.open: list[str] = []
        self.words: list[str] = []
        self.widths: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags[tag] += 1
        self.widths += [
            value for name, value in attrs if name == "style" and "width: " in value and tag == "span"
        ]
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.mark.parametrize("report", [EMPTY, FULL, team_report("heron"), team_report("<script>x</script>")])
def test_a_page_loads_nothing_and_has_no_path(report: UsageReport) -> None:
    page = report_page(report)
    read = Reader(page)
    assert read.open == []
    assert not {"script", "img", "iframe", "object", "form", "a", "svg"} & read.tags.keys()
    hidden = ("http:", "https:", "<script", "/home", ".gguf", "models/", "0a1b2c")
    assert not [word for word in hidden if word in page]
    assert all(re.fullmatch(r"width: \d{1,3}\.\d%", width) for width in read.widths)


def test_the_page_tells_what_was_counted() -> None:
    text = Reader(report_page(FULL)).text
    for words in (
        "How assist was used on this machine From 2026-01-01 to ",
        "Shown 8 (80%)",
        "Kept after 30 s, of those shown 2 (25%)",
        "Half of the answers took at most 5 ms, and 95 of 100 took over 2,500 ms.",
        "known before, and shown at once 3",
        "mine 10 8 4 2 (25%) 5 >2,500",
        "fix 5 3 0 0 0 2 0 0",
        "acme $2.50",
        "The ledger books $2.60 for these days. It counts 1 request that was never settled",
        "https?models.example 2 0 0 1,200 0 $2.50",
        "password 4",
    ):
        assert words in text, words
    assert "People" not in text


def test_an_empty_page_says_so_in_each_section() -> None:
    text = Reader(report_page(EMPTY)).text
    for words in (
        "No ghost text was counted in this time.",
        "No answer was timed in this time.",
        "No source was counted in this time.",
        "No question was asked in this time.",
        "Nothing was paid in this time.",
        "Nothing left the machine in this time.",
    ):
        assert words in text, words


def test_a_joined_page_has_its_people() -> None:
    text = Reader(report_page(team_report("heron"))).text
    assert "2 exports of 1 person are joined here. 1 came from a machine that had another one" in text
    assert "heron 8 4 2 (25%) >2,500 5 0 $0.0001" in text
    assert "The ledger" not in text


def test_the_document_has_the_same_figures() -> None:
    found = json.loads(json.dumps(report_document(FULL), allow_nan=False))
    assert found["ghost_text"]["kept_30s"] == 2
    assert (found["ghost_text"]["p50_ms"], found["ghost_text"]["p95_ms"]) == (5.0, ">2500")
    assert found["ghost_text"]["latency"]["ms<=5"] == 9
    assert found["ghost_text"]["by_model"]["mine"]["shown"] == 8
    assert found["questions"]["by_command"]["fix"]["edits"]["offered"] == 2
    assert found["left"]["by_provider"]["acme"]["usd"] == 2.5
    assert found["left"]["redactions"] == {"password": 4}
    assert (found["ledger_usd"], found["unsettled"], found["people"], found["exports"]) == (2.6, 1, [], None)
    team = report_document(team_report("heron"))
    assert team["exports"] == {"files": 2, "repeated": 1}
    assert team["people"][0]["ghost_text"]["shown"] == 8
