"""Everything a report of use shows, as one frozen value: of this machine, or of the exports in a folder.

The words and the page are in `wording`; the command writes the file.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assist_escalation.budget.ledger import Ledger
from assist_evaluation.usage.exports import PersonUse, join_exports
from assist_evaluation.usage.model_pair import ModelPair, pair_of
from assist_evaluation.usage.plain_names import plain_groups
from assist_evaluation.usage.usage_sums import UsageSums, collect_all
from assist_server.config.config import Config
from assist_server.record_files import gate_files
from assist_server.records.answer_counts import group, total

FOLDER = "reports"  # in the data directory


@dataclass(frozen=True, slots=True)
class BookedMoney:
    """What the ledger books in the same time, in micro-dollars, and how many requests were never settled."""

    micro: int
    open_requests: int


@dataclass(frozen=True, slots=True)
class UsageReport:
    """Sums from the day `since` ("" for all) until `made`, in full and by one field each, under plain names.

    Questions are complete from the day `answers_from` on; "" if all are. `pair` has plain names too.

    With exports: `people` are their authors, `files` the documents, `repeated` those that were counted once
    with another one of the same installation. `booked` is None then: the ledger stays on its machine.
    """

    since: str
    made: str
    ghost_text: Counter[str]
    ghost_text_by: Mapping[str, Mapping[str, Counter[str]]]
    answers: Counter[str]
    answers_by: Mapping[str, Mapping[str, Counter[str]]]
    left: Counter[str]
    left_by: Mapping[str, Mapping[str, Counter[str]]]
    pair: ModelPair | None
    answers_from: str = ""
    booked: BookedMoney | None = None
    people: tuple[PersonUse, ...] = ()
    files: int = 0
    repeated: int = 0


def report_of_machine(config: Config, since: str = "") -> UsageReport:
    """The report of this machine. Raises `EscalationError` if the audit log or the ledger cannot be read."""
    ledger = Ledger(gate_files(config).ledger)
    micro = sum(row.micro for row in ledger.spending("day") if row.key >= since)
    booked = BookedMoney(micro, len(ledger.open_reservations()))
    return report_of_sums(collect_all(config, since), since, booked)


def report_of_exports(folder: Path, since: str = "") -> UsageReport:
    """The report of all exports in a folder. Raises `UserError` for a bad file, or for none."""
    joined = join_exports(folder, since)
    report = report_of_sums(joined.sums, since)
    return replace(report, people=joined.people, files=joined.files, repeated=joined.repeated)


def report_of_sums(sums: UsageSums, since: str, booked: BookedMoney | None = None) -> UsageReport:
    """The report of these sums."""

    def by_each(rows: Mapping[Any, Counter[str]], *fields: str) -> dict[str, dict[str, Counter[str]]]:
        return {by: plain_groups(group(rows, by)) for by in fields}

    ghost_text = by_each(sums.ghost_text, "day", "model", "language")
    return UsageReport(
        since,
        datetime.now(UTC).strftime("%Y-%m-%d"),
        total(sums.ghost_text),
        ghost_text,
        total(sums.answers),
        by_each(sums.answers, "day", "command", "model"),
        total(sums.left),
        by_each(sums.left, "day", "command", "provider", "host"),
        pair_of(ghost_text["model"]),
        sums.first.answers if sums.first.answers > since else "",
        booked,
    )
