"""Everything a report of use shows, as one frozen value: of this machine, or of the exports in a folder.

The words and the page are in `wording.usage`; the command writes the file.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assist_escalation.budget.ledger import Ledger
from assist_server.config.config import Config
from assist_server.questions.record_files import gate_files
from assist_server.records.usage.exports import PersonUse, join_exports
from assist_server.records.usage.key_groups import group, total
from assist_server.records.usage.model_pair import ModelPair, pair_of
from assist_server.records.usage.usage_sums import UsageSums, collect_all

FOLDER = "reports"  # in the data directory


@dataclass(frozen=True, slots=True)
class BookedMoney:
    """What the ledger books in the same time, in micro-dollars, and how many requests were never settled."""

    micro: int
    open_requests: int


@dataclass(frozen=True, slots=True)
class UsageReport:
    """Sums from the day `since` ("" for all) until `made`, in full and by one field each.

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
    booked: BookedMoney | None = None
    people: tuple[PersonUse, ...] = ()
    files: int = 0
    repeated: int = 0


def report_of_machine(config: Config, since: str = "") -> UsageReport:
    """The report of this machine. Raises `EscalationError` if the audit log or the ledger cannot be read."""
    ledger = Ledger(gate_files(config).ledger)
    micro = sum(row.micro for row in ledger.spending("day") if row.key >= since)
    return report_of_sums(
        collect_all(config, since), since, BookedMoney(micro, len(ledger.open_reservations()))
    )


def report_of_exports(folder: Path, since: str = "") -> UsageReport:
    """The report of all exports in a folder. Raises `UserError` for a bad file, or for none."""
    joined = join_exports(folder, since)
    return report_of_sums(joined.sums, since, None, joined.people, (joined.files, joined.repeated))


def report_of_sums(
    sums: UsageSums,
    since: str,
    booked: BookedMoney | None = None,
    people: tuple[PersonUse, ...] = (),
    files: tuple[int, int] = (0, 0),
) -> UsageReport:
    """The report of these sums. `files` are the documents that they came from, and how many were repeated."""
    ghost_text = {by: group(sums.ghost_text, by) for by in ("day", "model", "language")}
    answers = {by: group(sums.answers, by) for by in ("command", "model")}
    left = {by: group(sums.left, by) for by in ("day", "command", "provider", "host")}
    return UsageReport(
        since,
        datetime.now(UTC).strftime("%Y-%m-%d"),
        total(sums.ghost_text),
        ghost_text,
        total(sums.answers),
        answers,
        total(sums.left),
        left,
        pair_of(ghost_text["model"]),
        booked,
        people,
        *files,
    )
