"""A report of use as one page of HTML and as JSON: text, and bars in tables."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from assist_escalation.policy.endpoints import usd
from assist_evaluation.pages import render
from assist_evaluation.usage.bucket_times import percentile
from assist_evaluation.usage.departures import REDACTED
from assist_evaluation.usage.plain_names import plain_name
from assist_evaluation.usage.usage_report import UsageReport
from assist_evaluation.usage.usage_rows import BUCKETS, MS_BOUNDS
from assist_evaluation.usage.usage_tables import (
    GHOST_HEADS,
    UNKNOWN,
    ghost_document,
    ghost_rows,
    kept_words,
    ms_words,
    pair_document,
    pair_lines,
    question_cells,
    question_document,
    times_sentence,
    with_share,
)

TEMPLATE = "usage.html.j2"
SOURCE = "source-"
SOURCES = {
    "source-model": "computed by the model on this machine",
    "source-cache": "already known, and shown at once",
    "source-typed-through": "the rest of a shown suggestion that the user is typing",
    "source-server": "from the team's server",
}
QUESTION_HEADS = ("Asked", "Answered", "Escalated", "Good", "Bad", "Edits offered", "Applied", "Undone")
EDIT_NAMES = ("offered", "applied", "undone")
LEFT_HEADS = ("Requests", "Bytes sent", "Bytes received", "Tokens in", "Tokens out", "Dollars")
LEFT_NAMES = ("requests", "bytes_sent", "bytes_received", "input", "output")
PERSON_HEADS = ("Suggestions shown", "Accepted", "Kept", "p95 ms", "Questions", "Answered", "Dollars")

TableRow = list[str]
Bar = tuple[str, str, float]


@dataclass(frozen=True, slots=True)
class PageTable:
    """A table of a page: its caption, its heads with whether each is numbers, and its rows."""

    caption: str
    heads: tuple[tuple[str, bool], ...]
    rows: list[TableRow]


def report_page(report: UsageReport) -> str:
    """The page. It loads nothing, and has no script, no code and no path."""
    ghost = report.ghost_text
    return render(
        TEMPLATE,
        title=title_of(report),
        period=period_words(report),
        joined=_joined_words(report),
        figures=_figures(report),
        has_ghost_text=bool(ghost["requests"]),
        ghost_tables=_ghost_tables(report),
        pair=pair_lines(report.pair),
        latency=_bars((_bucket_words(name), ghost[name]) for name in BUCKETS) if _has_times(ghost) else [],
        times=times_sentence(percentile(ghost, 0.5), percentile(ghost, 0.95)),
        sources=_bars(_source_counts(ghost)),
        questions=_question_tables(report) if report.answers["asked"] else [],
        edits=_edit_words(report.answers),
        kept=kept_words(report.answers_from),
        money=_money(report),
        booked=_booked_words(report),
        left=_left_tables(report) if report.left["requests"] else [],
        redactions=_bars(_redaction_counts(report.left)),
        people=_people_table(report) if report.people else None,
    )


def report_document(report: UsageReport) -> dict[str, Any]:
    """The same figures as JSON. Dollars are fractions, times milliseconds."""
    ghost = report.ghost_text
    return {
        "since": report.since or None,
        "made": report.made,
        "ghost_text": {
            **ghost_document(ghost),
            "latency": {name: ghost[name] for name in BUCKETS},
            "sources": dict(_source_counts(ghost, {})),
            **_by_documents(report.ghost_text_by, ghost_document),
        },
        "comparison": pair_document(report.pair),
        "questions": {
            **question_document(report.answers),
            "kept_from": report.answers_from or None,
            **_by_documents(report.answers_by, question_document),
        },
        "left": {
            **_left_document(report.left),
            **_by_documents(report.left_by, _left_document),
        },
        "ledger_usd": report.booked.micro / 1e6 if report.booked else None,
        "unsettled": report.booked.open_requests if report.booked else None,
        "exports": {"files": report.files, "repeated": report.repeated} if report.people else None,
        "people": [
            {
                "name": person.name,
                "machines": person.machines,
                "ghost_text": ghost_document(person.ghost_text),
                "questions": question_document(person.answers),
                "left": _left_document(person.left),
            }
            for person in report.people
        ],
    }


def _by_documents(
    tables: Mapping[str, Mapping[str, Counter[str]]], document: Callable[[Counter[str]], dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """The sums by one field each, as in "by_day"."""
    return {
        f"by_{by}": {key or UNKNOWN: document(counts) for key, counts in sorted(groups.items())}
        for by, groups in tables.items()
    }


def title_of(report: UsageReport) -> str:
    """The title of the page."""
    return "How assist was used by a team" if report.people else "How assist was used on this machine"


def period_words(report: UsageReport) -> str:
    """Which days the report is about."""
    days = sorted({*report.ghost_text_by["day"], *report.answers_by["day"], *report.left_by["day"]})
    first = report.since or (days[0] if days else "")
    if first == report.made:
        return f"On {first} (UTC)."
    return f"From {first} to {report.made} (UTC)." if first else f"Until {report.made} (UTC)."


def _joined_words(report: UsageReport) -> str:
    if not report.people:
        return ""
    exports = "export" if report.files == 1 else "exports"
    people = "person" if len(report.people) == 1 else "people"
    told = f"{report.files:,} {exports} of {len(report.people):,} {people} are joined here."
    if report.repeated:
        told += f" {report.repeated:,} overlapped with another one of the same machine: each day counts once."
    for person in report.people:
        if person.machines > 1:
            told += (
                f" {person.name} is one person with {person.machines:,} machines, or several with one name."
            )
    return told


def _figures(report: UsageReport) -> list[tuple[str, str]]:
    ghost = report.ghost_text
    answers = report.answers
    return [
        ("Suggestions requested", f"{ghost['requests']:,}"),
        ("Shown", with_share(ghost["shown"], ghost["requests"])),
        ("Accepted, of those shown", with_share(ghost["accepted"], ghost["shown"])),
        ("Kept after 30 s, of those shown", with_share(ghost["kept-30s"], ghost["shown"])),
        ("Questions answered", f"{answers['answered']:,} of {answers['asked']:,}"),
        ("Paid to providers", usd(report.left["cost_micro"])),
    ]


def _ghost_tables(report: UsageReport) -> list[PageTable]:
    heads = tuple((head, True) for head in GHOST_HEADS)
    return [
        PageTable(f"Ghost text by {by}", ((by.capitalize(), False), *heads), ghost_rows(groups, by))
        for by, groups in report.ghost_text_by.items()
        if groups
    ]


def _question_tables(report: UsageReport) -> list[PageTable]:
    heads = tuple((head, True) for head in QUESTION_HEADS)
    return [
        PageTable(
            f"Questions by {by}",
            ((by.capitalize(), False), *heads),
            [
                [key or UNKNOWN, *question_cells(counts), *(f"{counts[name]:,}" for name in EDIT_NAMES)]
                for key, counts in (sorted(groups.items()) if by == "day" else _by_size(groups, "asked"))
            ],
        )
        for by, groups in report.answers_by.items()
    ]


def _edit_words(answers: Counter[str]) -> str:
    return (
        f"Of {answers['offered']:,} edits that were offered, {answers['applied']:,} were applied and "
        f"{answers['not-applied']:,} were not; {answers['undone']:,} were taken back later by `assist undo`. "
        f"{answers['refused-by-checks']:,} more failed our own checks and were never offered."
    )


def _money(report: UsageReport) -> list[tuple[str, str, list[Bar]]]:
    """For each subject its caption, the head of its names, and its bars; nothing if nothing was paid."""
    if not report.left["cost_micro"]:
        return []
    found = []
    for by in ("day", "command", "provider"):
        groups = report.left_by[by]
        pairs = sorted(groups.items()) if by == "day" else _by_size(groups, "cost_micro")
        sums = [(key or UNKNOWN, counts["cost_micro"]) for key, counts in pairs if counts["cost_micro"]]
        found.append((f"Dollars by {by}", by.capitalize(), _bars(sums, usd)))
    return found


def _booked_words(report: UsageReport) -> str:
    if report.booked is None:
        return ""
    told = f"The ledger books {usd(report.booked.micro)} for these days."
    if open_ := report.booked.open_requests:
        unsettled = "request that was" if open_ == 1 else "requests that were"
        told += f" It counts {open_:,} {unsettled} never settled, with the highest cost possible."
    return told


def _left_tables(report: UsageReport) -> list[PageTable]:
    heads = tuple((head, True) for head in LEFT_HEADS)
    return [
        PageTable(
            f"What left, by {by}",
            ((by.capitalize(), False), *heads),
            [
                [key or UNKNOWN, *(f"{counts[name]:,}" for name in LEFT_NAMES), usd(counts["cost_micro"])]
                for key, counts in _by_size(report.left_by[by], "requests")
            ],
        )
        for by in ("host", "command")
    ]


def _left_document(counts: Counter[str]) -> dict[str, Any]:
    return {
        **{name: counts[name] for name in LEFT_NAMES},
        "usd": counts["cost_micro"] / 1e6,
        "redactions": dict(_redaction_counts(counts)),
    }


def _people_table(report: UsageReport) -> PageTable:
    rows = []
    for person in sorted(report.people, key=lambda one: (-one.ghost_text["shown"], one.name)):
        ghost = person.ghost_text
        shown = [f"{ghost[name]:,}" for name in ("shown", "accepted")]
        kept = with_share(ghost["kept-30s"], ghost["shown"])
        questions = [f"{person.answers[name]:,}" for name in ("asked", "answered")]
        times = ms_words(percentile(ghost, 0.95))
        rows.append([person.name, *shown, kept, times, *questions, usd(person.left["cost_micro"])])
    heads = tuple((head, True) for head in PERSON_HEADS)
    return PageTable("Use by person", (("Person", False), *heads), rows)


def _source_counts(ghost: Counter[str], words: Mapping[str, str] = SOURCES) -> list[tuple[str, int]]:
    """How often each source gave the text, the most frequent first."""
    found = [(name, count) for name, count in ghost.most_common() if name.startswith(SOURCE) and count]
    return [(words.get(name, plain_name(name.removeprefix(SOURCE))), count) for name, count in found]


def _redaction_counts(left: Counter[str]) -> list[tuple[str, int]]:
    """How often each type of secret was redacted, the most frequent first."""
    found = [(name, count) for name, count in left.most_common() if name.startswith(REDACTED) and count]
    return [(plain_name(name.removeprefix(REDACTED)).lower(), count) for name, count in found]


def _bars(pairs: Iterable[tuple[str, int]], words: Any = "{:,}".format) -> list[Bar]:
    """Names and numbers with the share of the longest bar, from 0 to 1."""
    found = list(pairs)
    most = max((number for _, number in found), default=0) or 1
    return [(name, words(number), number / most) for name, number in found]


def _by_size(groups: Mapping[str, Counter[str]], name: str) -> list[tuple[str, Counter[str]]]:
    return sorted(groups.items(), key=lambda pair: (-pair[1][name], pair[0]))


def _has_times(ghost: Counter[str]) -> bool:
    return any(ghost[name] for name in BUCKETS)


def _bucket_words(name: str) -> str:
    return f"over {MS_BOUNDS[-1]:,} ms" if ">" in name else f"to {int(name.removeprefix('ms<=')):,} ms"
