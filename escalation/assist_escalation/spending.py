"""What was spent, by day, repository, command or model: sums over the ledger's rows.

It decides about nothing, and changes nothing.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from assist_escalation import store

By = Literal["day", "repo", "command", "model"]

# What was released was never sent. What is still reserved counts with its bound, as it does for the budget.
_SUMS = """
SELECT CASE ? WHEN 'day' THEN strftime('%Y-%m-%d', day * 86400, 'unixepoch')
              WHEN 'repo' THEN repo WHEN 'command' THEN command ELSE model END AS key,
    COUNT(*), SUM(micro), SUM(input + cache_read + cache_write), SUM(output), SUM(estimated)
FROM request WHERE at >= ? AND state != 'released' GROUP BY key
"""


@dataclass(frozen=True, slots=True)
class Row:
    """The requests that have `key` in common.

    `micro` are micro-dollars. `input` are tokens sent, cached ones too; `output` are tokens received.
    `estimated` counts the requests for which nobody told us the tokens: their sums are bounds or guesses.
    """

    key: str
    requests: int
    micro: int
    input: int
    output: int
    estimated: int


def spending(path: Path, by: By, since: float = 0) -> tuple[Row, ...]:
    """A row for each day (UTC, oldest first), or each repository, command or model (dearest first).

    `since`: in seconds since 1970, of the reservation. No row where there is no ledger. Raises `LedgerError`.
    """
    with store.reading(path) as db:
        rows = [Row(*row) for row in db.execute(_SUMS, (by, since))]
    return tuple(sorted(rows, key=lambda row: (0 if by == "day" else -row.micro, row.key)))
