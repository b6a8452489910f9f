"""An audit log in the forms that other tools read: JSON Lines, CSV, OpenTelemetry.

OpenTelemetry is written as OTLP in JSON, one export request a line, which a collector's receiver for OTLP
JSON files can read. An intent with its outcome is one client span; any other event is a span without a
duration. All spans of a request share a trace. The names of attributes are those of version `SEMCONV` of
the conventions, which still change; they are in this module only.
This module changes only the form: what an event may hold was decided when it was written. It sends nothing;
the caller decides where the text goes.
"""

import csv
import hashlib
import io
import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from assist_context.unseen_characters import unseen_written
from assist_escalation.audit.chain import Json, LogEntry, LogEvent, canonical
from assist_escalation.audit.reader import ALL, Filter, entries, remember, request_of
from assist_escalation.errors import EscalationError

SEMCONV = "1.41.0"
SCHEMA = f"https://opentelemetry.io/schemas/{SEMCONV}"
OWN = "assist."  # prefix of attributes that the conventions have no name for

# Our field -> the conventions' attribute. `_usage` and `_server` have those that need more than a new name.
NAMES: Mapping[str, str] = {
    "provider": "gen_ai.provider.name",
    "model": "gen_ai.request.model",
    "model_returned": "gen_ai.response.model",
    "finish": "gen_ai.response.finish_reasons",
    "error": "error.type",
}
USAGE: Mapping[str, str] = {
    "input": "gen_ai.usage.input_tokens",  # in the conventions: all input tokens, cached ones too
    "cache_read": "gen_ai.usage.cache_read.input_tokens",
    "cache_write": "gen_ai.usage.cache_creation.input_tokens",
    "output": "gen_ai.usage.output_tokens",
}
OPERATION, CALL = "gen_ai.operation.name", "chat"
ADDRESS, PORT = "server.address", "server.port"

_INTERNAL, _CLIENT, _ERROR = 1, 3, 2  # span kinds, and a status code, by OTLP's numbers
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def spans(entries: Iterable[LogEntry]) -> Iterator[str]:
    """A line for each span. A call is in the place of its outcome. Orphans are last, with `assist.orphan`."""
    open_: OrderedDict[str, LogEntry] = OrderedDict()
    for entry in entries:
        kind = entry.event["kind"]
        request = request_of(entry.event)
        if kind == "intent":
            if request in open_:
                yield _call(open_.pop(request), None)
            lost = remember(open_, request, entry)
            if lost:
                yield _call(lost, None)
        elif kind == "outcome" and request in open_:
            yield _call(open_.pop(request), entry)
        else:
            yield _moment(entry)
    for entry in open_.values():
        yield _call(entry, None)


def _call(intent: LogEntry, outcome: LogEntry | None) -> str:
    fields = {**_own_fields(intent.event), **(_own_fields(outcome.event) if outcome else {"orphan": True})}
    span = _span(
        intent, f"{CALL} {intent.event.get('model', '')}".strip(), {OPERATION: CALL, **_attributes(fields)}
    )
    span["kind"] = _CLIENT
    if outcome:
        span["endTimeUnixNano"] = _nanoseconds(outcome.event)
    if fields.get("error"):
        span["status"] = {"code": _ERROR}
    return _line(span)


def _moment(entry: LogEntry) -> str:
    return _line(_span(entry, f"{OWN}{entry.event['kind']}", _attributes(_own_fields(entry.event))))


def _span(entry: LogEntry, name: str, attributes: Mapping[str, Json]) -> dict[str, Json]:
    trace = hashlib.sha256((request_of(entry.event) or entry.sha256).encode("utf-8", "surrogatepass"))
    at = _nanoseconds(entry.event)
    return {
        "traceId": trace.hexdigest()[:32],
        "spanId": entry.sha256[:16],
        "name": name,
        "kind": _INTERNAL,
        "startTimeUnixNano": at,
        "endTimeUnixNano": at,
        "attributes": _pairs(attributes),
    }


def _own_fields(event: LogEvent) -> dict[str, Json]:
    return {name: value for name, value in event.items() if name not in ("kind", "prev", "seq", "time")}


def _attributes(fields: Mapping[str, Json]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for name, value in fields.items():
        if value is None or value == "":
            continue
        if name == "usage" and isinstance(value, Mapping):
            found.update(_usage(value))
        elif name == "host":
            found.update(_server(str(value)))
        elif name == "finish":
            found[NAMES[name]] = [str(value)]
        else:
            found[NAMES.get(name, OWN + name)] = value
    return found


def _usage(usage: Mapping[str, Json]) -> dict[str, Json]:
    counts = {name: value for name, value in usage.items() if type(value) is int and name in USAGE}
    found: dict[str, Json] = {USAGE[name]: value for name, value in counts.items()}
    found[USAGE["input"]] = sum(value for name, value in counts.items() if name != "output")
    return found | {f"{OWN}usage.{name}": value for name, value in usage.items() if name not in counts}


def _server(host: str) -> dict[str, Json]:
    """The address, and the port if there is one, of `host`, `host:8080` or `[::1]:8080`."""
    name, colon, port = host.rpartition(":")
    if colon and port.isdecimal() and (":" not in name or name.endswith("]")):
        return {ADDRESS: name.strip("[]"), PORT: int(port)}
    return {ADDRESS: host.strip("[]")}


def _pairs(attributes: Mapping[str, Json]) -> list[Json]:
    return [{"key": name, "value": _value(value)} for name, value in sorted(attributes.items())]


def _value(value: Json) -> dict[str, Json]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}  # a JSON number cannot hold 64 bits
        case float():
            return {"doubleValue": value}
        case str():
            return {"stringValue": value}
        case [*items] if all(isinstance(item, str) for item in items):
            return {"arrayValue": {"values": [_value(item) for item in items]}}
        case _:
            return {"stringValue": canonical(value).decode()}


def _nanoseconds(event: LogEvent) -> str:
    try:
        since = datetime.fromisoformat(event["time"]) - _EPOCH
    except (ValueError, TypeError):  # not a time that the log's writer wrote
        return "0"
    return str(since // timedelta(microseconds=1) * 1000)


def _line(span: Mapping[str, Json]) -> str:
    service: Json = _pairs({"service.name": "assist"})
    scope: Json = {"scope": {"name": "assist.audit"}, "schemaUrl": SCHEMA, "spans": [span]}
    return (
        json.dumps({"resourceSpans": [{"resource": {"attributes": service}, "scopeSpans": [scope]}]}) + "\n"
    )


ExportForm = Literal["jsonl", "csv", "otel"]

# One row for each event. Fields without a column of their own are JSON in the last column.
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

# Spreadsheets recognize a formula by its first character. Some do so after blanks too, and some by the wide
# forms of these characters.
_FORMULA = tuple("=+-@＝＋－＠")


def export(path: Path, form: ExportForm, write: Callable[[str], object], only: Filter = ALL) -> int:
    """Pass the events that `only` lets through to `write`, text by text, and return how many records.

    `jsonl` has an event on each line, with the sha256 of its line in the log. `csv` has a header, and is
    safe to open in a spreadsheet. `otel` has a span on each line, see `spans`. Raises AuditError like
    `reader.events`, and EscalationError for an unknown form.
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
    return _write_all(records, write)


def _write_all(records: Iterator[str], write: Callable[[str], object]) -> int:
    count = 0
    for record in records:
        write(record)
        count += 1
    return count


def _whole(entry: LogEntry) -> dict[str, Json]:
    return {**entry.event, "sha256": entry.sha256}


def _cells(entry: LogEntry) -> list[str]:
    fields = _whole(entry)
    cells = [_cell(fields.pop(name, None)) for name in COLUMNS]
    return [*cells, _cell(fields or None)]


def _cell(value: Json) -> str:
    """A value as a text that no spreadsheet runs as a formula, and that every encoding can hold.

    >>> _cell("=1+1"), _cell(7), _cell(None), _cell([1])
    ("'=1+1", '7', '', '[1]')
    """
    if value is None:
        return ""
    text = value if isinstance(value, str) else canonical(value).decode()
    text = text.encode("utf-8", "backslashreplace").decode()  # a file name may hold half a character
    text = unseen_written(text)  # or what a terminal obeys
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text


def _row(cells: list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()
