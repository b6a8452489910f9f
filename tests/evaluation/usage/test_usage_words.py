"""Counts of use in words: tables, two models next to each other, and the page."""

import json
import math
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from assist_escalation.routing.feedback import Event, Happening
from assist_evaluation.usage.bucket_times import percentile
from assist_evaluation.usage.departures import DepartureKey
from assist_evaluation.usage.exports import PersonUse
from assist_evaluation.usage.model_pair import pair_of
from assist_evaluation.usage.report_page import report_document, report_page
from assist_evaluation.usage.totals import answers_facts, stats_document, stats_facts
from assist_evaluation.usage.usage_report import BookedMoney, UsageReport, report_of_sums
from assist_evaluation.usage.usage_rows import UsageKey
from assist_evaluation.usage.usage_sums import FirstDays, UsageSums
from assist_evaluation.usage.usage_tables import (
    ghost_rows,
    pair_document,
    pair_lines,
    question_rows,
    with_share,
)
from assist_server.records.answer_counts import AnswerKey, answers_document

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
        (
            (30, 300),
            (24, 290),
            r"They cannot be told apart yet: about [\d,]+ more suggestions are needed\.",
        ),
        ((30, 300), (29, 290), "They cannot be told apart yet, and no difference is in sight."),
        ((5, 10), (0, 9), r"They cannot be told apart yet: about \d+ more suggestions are needed\."),
    ],
)
def test_two_models_are_compared_in_words(first: tuple[int, int], second: tuple[int, int], says: str) -> None:
    shares, verdict = pair_words(first, second)
    assert f"small {first[0]} of {first[1]} shown ({first[0] / first[1]:.1%}), p95 at most 50 ms" in shares
    assert re.match(says, verdict)
    assert ("beyond chance" in verdict) == ("more often" in verdict)


MODELS = {
    name: Counter({"shown": shown, "kept-30s": shown // 10, "ms<=50": 1})
    for name, shown in (("old", 900), ("older", 800), ("usual", 700), ("new", 60))
}


def test_the_two_models_that_showed_most_are_compared() -> None:
    most = pair_of(MODELS)
    assert most is not None
    assert most.names == ("old", "older")
    assert pair_lines(most)[0].startswith(
        "The two models with the most suggestions, compared by what was kept after 30 s: old 90"
    )
    assert pair_of({"old": MODELS["old"], "": MODELS["new"], "unused": Counter()}) is None


def test_the_page_compares_two_models_by_the_names_in_its_tables() -> None:
    key = UsageKey("2026-01-31", "0a1b2c", "models/mine.bin", "python")
    rows = {
        key: GHOST,
        replace(key, model="/srv/mine.bin"): GHOST,
        replace(key, model="org/b"): GHOST,
    }
    report = report_of_sums(UsageSums(rows, {}, {}), "")
    page = report_page(report)
    assert "mine.bin 4 of 16 shown (25.0%)" in page
    assert not [word for word in ("models/", "/srv", "org/") if word in page]
    document = json.dumps(report_document(report))
    assert not [word for word in ("models/", "/srv", "org/") if word in document]


def test_since_when_questions_are_kept_is_said() -> None:
    sums = replace(SUMS, first=FirstDays("2026-01-01", "2026-01-20", "2026-01-01"))
    text = Reader(report_page(report_of_sums(sums, "2026-01-01"))).text
    assert "Questions are kept from 2026-01-20 on" in text
    assert report_document(report_of_sums(sums, ""))["questions"]["kept_from"] == "2026-01-20"
    assert "are kept from" not in Reader(report_page(report_of_sums(sums, "2026-01-20"))).text
    assert "are kept from" not in Reader(report_page(FULL)).text


def test_a_page_begins_with_the_first_question_too() -> None:
    asked = {AnswerKey("2026-01-05"): Counter(asked=1)}
    assert "From 2026-01-05 to" in report_page(report_of_sums(replace(SUMS, answers=asked), ""))


def test_captions_name_their_tables_once_and_bars_of_nothing_are_not_drawn() -> None:
    for page in (report_page(FULL), report_page(FULL)):
        ids = re.findall(r'<caption id="([^"]+)"', page)
        assert ids == [f"caption-{number}" for number in range(1, len(ids) + 1)]
        assert re.findall(r'aria-labelledby="([^"]+)"', page) == ids
        assert "aria-label=" not in page
        assert "<td></td>" not in page
        assert 'style="width: 0.0%"' not in page
        assert page.count('class="bar"') == page.count('style="width: 50%"><span')
    assert 'style="width: 50%"></td>' in page, "most buckets of time are empty"


def test_paper_has_the_colours_of_light_and_bars_keep_theirs() -> None:
    style = report_page(EMPTY)
    printed = style[style.index("@media print") :]
    light = re.findall(r"--c\d: #\w+", style[: style.index("@media")])
    assert len(light) == 7
    assert re.findall(r"--c\d: #\w+", printed) == light
    assert "forced-color-adjust: none" in style
    assert "details::details-content" in printed


def test_percents_are_written_in_one_way_and_small_ones_exactly() -> None:
    assert with_share(999, 10_000) == "999 (10.0%)"
    assert with_share(1, 10) == "1 (10%)"
    assert " %" not in " ".join(pair_words((60, 600), (20, 500)))


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


def team_report(name: str, machines: int = 1) -> UsageReport:
    person = PersonUse(name, GHOST, Counter({"asked": 5}), Counter({"cost_micro": 100}), machines)
    return replace(report_of_sums(SUMS, ""), people=(person,), files=2, repeated=1)


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
        "Half of the answers took at most 5 ms, and at least 5 of 100 took longer than 2,500 ms.",
        "already known, and shown at once 3",
        "mine 10 8 4 2 (25%) 5 >2,500",
        "fix 5 3 0 0 0 2 0 0",
        "acme $2.50",
        "The ledger books $2.60 for these days. It counts 1 request that was never settled",
        "models.example 2 0 0 1,200 0 $2.50",
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
    assert "2 exports of 1 person are joined here. 1 overlapped with another one of the same machine" in text
    assert "machines, or several" not in text
    text = Reader(report_page(team_report("heron", 2))).text
    assert "heron is one person with 2 machines, or several with one name." in text
    assert "heron 8 4 2 (25%) >2,500 5 0 $0.0001" in text
    assert "The ledger" not in text


def test_the_document_has_the_same_figures() -> None:
    found = json.loads(json.dumps(report_document(FULL), allow_nan=False))
    assert found["ghost_text"]["kept_30s"] == 2
    assert (found["ghost_text"]["p50_ms"], found["ghost_text"]["p95_ms"]) == (5.0, None)
    assert found["ghost_text"]["latency"]["ms<=5"] == 9
    assert found["ghost_text"]["by_model"]["mine"]["shown"] == 8
    assert found["questions"]["by_command"]["fix"]["edits"]["offered"] == 2
    assert found["left"]["by_provider"]["acme"]["usd"] == 2.5
    assert found["left"]["redactions"] == {"password": 4}
    assert (found["ledger_usd"], found["unsettled"], found["people"], found["exports"]) == (2.6, 1, [], None)
    team = report_document(team_report("heron"))
    assert team["exports"] == {"files": 2, "repeated": 1}
    assert team["people"][0]["ghost_text"]["shown"] == 8


def test_of_all_counts_only_reasons_are_told_as_such() -> None:
    """The counters of tokens and runs are no reasons for showing nothing, whatever they are called."""
    counts = Counter({"requests": 3, "shown": 1, "binary": 2, "tokens-read": 1491, "model-runs": 2})
    counts += Counter({"tokens-written": 30, "tokens-used": 12, "displayed": 1, "cancelled": 5})
    assert stats_document(counts)["reasons"] == {"binary": 2}
    facts = stats_facts(counts)
    assert facts[-1] == ("Not shown", "2 × the file is binary")
    assert ("Tokens", "1,491 read, 30 written, 12 of these shown") in facts
    assert not any(name in line for _, line in facts for name in counts if "-" in name)


@pytest.mark.parametrize(
    ("counts", "share", "expected"),
    [
        ({}, 0.5, None),
        ({"shown": 9}, 0.5, None),
        ({"ms<=1": 1}, 0.95, 1.0),
        ({"ms<=1": 50, "ms<=100": 50}, 0.5, 1.0),
        ({"ms<=1": 50, "ms<=100": 50}, 0.51, 100.0),
        ({"ms<=1": 94, "ms<=100": 5, "ms>2500": 1}, 0.95, 100.0),
        ({"ms<=1": 90, "ms>2500": 10}, 0.95, math.inf),
        ({"ms<=5": 3}, 0.0, 5.0),
    ],
)
def test_a_percentile_is_the_upper_end_of_its_bucket(
    counts: dict[str, int], share: float, expected: float | None
) -> None:
    assert percentile(counts, share) == expected


def happened(request: str, name: Happening, target: str = "local") -> Event:
    return Event(0.0, "0a1b", "fix", request, target, 0.6, 0.4, {}, name)


def test_answers_are_told_by_who_decided_and_what_our_checks_refused() -> None:
    """Three were decided for a provider, which failed; this machine's edits could not be made."""
    events = [happened("r", name) for name in ("routed", "offered", "accepted")]
    events += [happened(f"f{number}", "routed", "frontier") for number in range(3)]
    events += [happened(f"f{number}", "unusable") for number in range(3)]
    told = dict(answers_facts(answers_document(events)))
    assert told["Decided"] == "3 at a provider, 1 on this machine (0% escalated)"
    assert "25% of what this machine wrote passed our checks" in told["Unusable"]
    assert not [words for words in told.values() if "-" in words]
