"""An audit log in the forms that other tools read: JSON Lines, CSV, OpenTelemetry.

It changes the form only: what may be shown was decided when the event was written.
It knows no files but the log; whoever calls says where the text goes.
"""

import csv
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from assist_escalation.chain import Entry, Json, canonical
from assist_escalation.errors import EscalationError
from assist_escalation.history import ALL, Filter, entries
from assist_escalation.otel import spans

Form = Literal["jsonl", "csv", "otel"]

# One row an event; what has no column of its own is JSON in the last one.
COLUMNS = (
    *(
        "time",
        "seq",
        "kind",
        "request_id",
        "actor",
        "repo",
        "command",
        "cause",
        "verdict",
        "provider",
        "host",
    ),
    *("model", "model_returned", "tokens", "usage", "upper_micro", "cost_micro", "latency_ms", "finish"),
    *("error", "payload_sha256", "redactions", "spans", "sha256"),
)
_REST = "other"

# A spreadsheet takes a cell for a formula by its first character, some also after blanks, and some by the
# wide forms of these characters.
_FORMULA = tuple("=+-@＝＋－＠")


def export(path: Path, form: Form, write: Callable[[str], object], only: Filter = ALL) -> int:
    """Hand the events that `only` lets through to `write`, text by text; returns how many records.

    `jsonl`: an event a line, with the sha256 of its line in the log. `csv`: with a header, and safe to open
    in a spreadsheet. `otel`: a span a line, as `otel` tells.
    AuditError as `history.events`; EscalationError for another form.
    """
    records: Iterator[str]
    match form:
        case "jsonl":
            records = (canonical(_whole(entry)).decode() + "\n" for entry in entries(path, only))
        case "csv":
            write(_row([*COLUMNS, _REST]))
            records = (_row(_cells(entry)) for entry in entries(path, only))
        case "otel":
            records = spans(entries(path, only))
        case _:
            raise EscalationError(f"There is no export as {form!r}: choose jsonl, csv or otel.")
    return _written(records, write)


def _written(records: Iterator[str], write: Callable[[str], object]) -> int:
    count = 0
    for record in records:
        write(record)
        count += 1
    return count


def _whole(entry: Entry) -> dict[str, Json]:
    return {**entry.event, "sha256": entry.sha256}


def _cells(entry: Entry) -> list[str]:
    fields = _whole(entry)
    cells = [_cell(fields.pop(name, None)) for name in COLUMNS]
    return [*cells, _cell(fields or None)]


def _cell(value: Json) -> str:
    """A value as text that no spreadsheet computes, and that any encoding takes.

    >>> _cell("=1+1"), _cell(7), _cell(None), _cell([1])
    ("'=1+1", '7', '', '[1]')
    """
    if value is None:
        return ""
    text = value if isinstance(value, str) else canonical(value).decode()
    text = text.encode("utf-8", "backslashreplace").decode()  # a file name may hold half a character
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def _row(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()
