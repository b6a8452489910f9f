"""All counts of this machine's use as one value: ghost text, answers, and what left.

It reads the records in the data directory and writes nothing. The words are in `wording.usage`.
"""

import os
import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path, PureWindowsPath

from assist_escalation.audit.reader import Filter, events
from assist_escalation.budget.ledger import Ledger
from assist_escalation.errors import EscalationError
from assist_escalation.routing import feedback
from assist_server.config.config import Config
from assist_server.questions.record_files import gate_files
from assist_server.records import usage_rows
from assist_server.records.usage.answer_counts import AnswerKey, answer_rows
from assist_server.records.usage.departures import DepartureKey, departures
from assist_server.records.usage_rows import UsageKey
from assist_server.workspace.folders import key_of

_PATH = re.compile(
    r"""
    (?: [/~.\\] | [A-Za-z]:[\\/] ) .*  # absolute, from the home or from here, also on Windows
    | .* \.gguf                        # a file of a model
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_UNCLEAN = re.compile(r"[^\w .,:;+#@()/=-]|://")
MOST_NAME = 100  # characters


@dataclass(frozen=True, slots=True)
class UsageSums:
    """Counts by key: of ghost text (`usage_rows`), of answers (`answer_counts`), and of what left."""

    ghost_text: Mapping[UsageKey, Counter[str]]
    answers: Mapping[AnswerKey, Counter[str]]
    left: Mapping[DepartureKey, Counter[str]]


def collect_use(config: Config, since: str = "") -> UsageSums:
    """What is recorded of ghost text and answers from a day on, "" for all; nothing about what left."""
    rows = usage_rows.read(config.paths.data)
    ghost_text = {key: counts for key, counts in rows.items() if key.day >= since}
    return UsageSums(ghost_text, answer_rows(feedback.events(gate_files(config).feedback), since), {})


def collect_all(config: Config, since: str = "") -> UsageSums:
    """The same, with what left by the audit log. Raises `AuditError` if that cannot be read."""
    use = collect_use(config, since)
    left = departures(events(gate_files(config).audit, Filter(since=_start_of(since))))
    return UsageSums(use.ghost_text, use.answers, left)


def _start_of(day: str) -> float | None:
    """A UTC day as seconds since 1970, None for ""."""
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() if day else None


@lru_cache(maxsize=10_000)
def plain_name(text: str) -> str:
    """A name of a model, provider or host as it can be shown anywhere: of a path only the file's name.

    >>> plain_name("/home/ann/models/mine.gguf"), plain_name("org/model-7b"), plain_name("https://a.example")
    ('mine', 'org/model-7b', 'https?a.example')
    """
    name = PureWindowsPath(text).stem if _PATH.fullmatch(text) else text
    name = _UNCLEAN.sub("?", name)[:MOST_NAME]
    return name if name == text else plain_name(name)


def repository_names(config: Config, here: Path) -> dict[str, str]:
    """The names of the folders that this machine knows, by their keys.

    It knows those of spent money and of conversations, and the working directory `here` with its parents.
    """
    from assist_server.questions.composition import thread_files  # noqa: PLC0415  (all of the gate, 0.5 s)

    roots = [os.path.realpath(each) for each in (here, *here.absolute().parents)]
    roots += [thread.root for thread in thread_files(config).all()]
    with suppress(EscalationError):  # the names are only for reading
        roots += [row.key for row in Ledger(gate_files(config).ledger).spending("repo")]
    return {key_of(root): os.path.basename(root) or root for root in roots if root}
