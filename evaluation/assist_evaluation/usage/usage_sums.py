"""All counts of this machine's use as one value: ghost text, answers, and what left.

It reads the records in the data directory and writes nothing. The words are in `wording`.
"""

import os
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from assist_context.files.repository_top import find_top
from assist_escalation.audit.reader import Filter, events
from assist_escalation.budget.ledger import Ledger
from assist_escalation.errors import EscalationError
from assist_escalation.routing import feedback
from assist_evaluation.usage import usage_rows
from assist_evaluation.usage.departures import DepartureKey, departures
from assist_evaluation.usage.usage_rows import UsageKey
from assist_server.config.config import Config
from assist_server.record_files import gate_files
from assist_server.records.answer_counts import AnswerKey, answer_rows
from assist_server.workspace.folders import make_key

DAY_S = 86_400
# Bytes of the feedback: a file that lost its older half is larger, unless a line has 10 kB.
_WHOLE = feedback.MAX_BYTES // 2 - 10_000


@dataclass(frozen=True, slots=True)
class FirstDays:
    """For each table the first day whose counts are complete; "" if nothing that was recorded is missing."""

    ghost_text: str = ""
    answers: str = ""
    left: str = ""


@dataclass(frozen=True, slots=True)
class UsageSums:
    """Counts by key: of ghost text (`usage_rows`), of answers (`answer_counts`), and of what left.

    Next edits have rows as ghost text has, with other counts. Exports leave them out.
    """

    ghost_text: Mapping[UsageKey, Counter[str]]
    answers: Mapping[AnswerKey, Counter[str]]
    left: Mapping[DepartureKey, Counter[str]]
    first: FirstDays = field(default_factory=FirstDays)
    next_edits: Mapping[UsageKey, Counter[str]] = field(default_factory=dict)


def collect_use(config: Config, since: str = "") -> UsageSums:
    """What is recorded of an editor and of answers from a day on, "" for all; nothing about what left."""
    files = gate_files(config)
    rows = usage_rows.read(config.paths.data)
    since_then = {key: counts for key, counts in rows.items() if key.day >= since}
    next_edits = {key: counts for key, counts in since_then.items() if key.is_next_edit}
    ghost_text = {key: counts for key, counts in since_then.items() if key.is_ghost_text}
    first = FirstDays(
        max(since, usage_rows.kept_from(config.paths.data)),
        max(since, _day_after(answers_kept_from(files.feedback))),
        since,
    )
    return UsageSums(ghost_text, answer_rows(feedback.events(files.feedback), since), {}, first, next_edits)


def collect_all(config: Config, since: str = "") -> UsageSums:
    """The same, with what left by the audit log. Raises `AuditError` if that cannot be read."""
    use = collect_use(config, since)
    left = departures(events(gate_files(config).audit, Filter(since=_start_of(since))))
    return replace(use, left=left)


def answers_kept_from(path: Path) -> float | None:
    """When the oldest event was, in seconds since 1970, if older ones may have been dropped; else None."""
    try:
        dropped = path.stat().st_size >= _WHOLE
    except OSError:
        return None
    return next((event.at for event in feedback.events(path)), None) if dropped else None


def _day_after(moment: float | None) -> str:
    """The UTC day after a moment, in seconds since 1970; "" for None. Of its own day some may be missing."""
    return "" if moment is None else datetime.fromtimestamp(moment + DAY_S, UTC).strftime("%Y-%m-%d")


def _start_of(day: str) -> float | None:
    """A UTC day as seconds since 1970, None for ""."""
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() if day else None


def repository_names(config: Config, here: Path) -> dict[str, str]:
    """The names of the repositories that this machine knows, by their keys.

    It knows those of spent money and of conversations, and the working directory `here` with its parents. A
    folder inside of a repository, which older versions counted by itself, has its own name.
    """
    from assist_server.threads.thread_files import thread_files  # noqa: PLC0415

    roots = [os.path.realpath(parent) for parent in (here, *here.absolute().parents)]
    roots += [thread.root for thread in thread_files(config).all()]
    with suppress(EscalationError):  # the names are only for reading
        roots += [row.key for row in Ledger(gate_files(config).ledger).spending("repo")]
    roots += [top for root in roots if os.path.isabs(root) and (top := find_top(root))]
    return {make_key(root): os.path.basename(root) or root for root in roots if root}


def session_totals(data: Path) -> Counter[str]:
    """The sums over all sessions that the file remembers (`usage_rows.DAYS`)."""
    sums: Counter[str] = Counter()
    for key, counts in usage_rows.read(data).items():
        if key.model == usage_rows.SESSION:
            sums.update(counts)
    return sums
