"""An audit log as OpenTelemetry spans: OTLP in JSON, one request of an exporter a line.

An intent with its outcome is one span of a client's call; any other event is a span without a duration. All
spans of a request share a trace. A collector reads such a file with its receiver for OTLP JSON files.
The names still move: they are the ones of `SEMCONV`, here and nowhere else. It sends nothing.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from assist_escalation.chain import Entry, Event, Json, canonical
from assist_escalation.history import remember, request_of

SEMCONV = "1.41.0"
SCHEMA = f"https://opentelemetry.io/schemas/{SEMCONV}"
OWN = "assist."  # in front of what the conventions have no name for

# Our field -> the conventions' attribute. Those that need more than another name are in `_usage`, `_server`.
NAMES: Mapping[str, str] = {
    "provider": "gen_ai.provider.name",
    "model": "gen_ai.request.model",
    "model_returned": "gen_ai.response.model",
    "finish": "gen_ai.response.finish_reasons",
    "error": "error.type",
}
USAGE: Mapping[str, str] = {
    "input": "gen_ai.usage.input_tokens",  # there all that was read, the cache included
    "cache_read": "gen_ai.usage.cache_read.input_tokens",
    "cache_write": "gen_ai.usage.cache_creation.input_tokens",
    "output": "gen_ai.usage.output_tokens",
}
OPERATION, CALL = "gen_ai.operation.name", "chat"
ADDRESS, PORT = "server.address", "server.port"

_INTERNAL, _CLIENT, _ERROR = 1, 3, 2  # span kinds, and a status code, by OTLP's numbers
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def spans(entries: Iterable[Entry]) -> Iterator[str]:
    """A line a span. A call comes where its outcome stands; orphans come last, marked `assist.orphan`."""
    open_: OrderedDict[str, Entry] = OrderedDict()
    for entry in entries:
        kind, request = entry.event["kind"], request_of(entry.event)
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


def _call(intent: Entry, outcome: Entry | None) -> str:
    fields = {**_own(intent.event), **(_own(outcome.event) if outcome else {"orphan": True})}
    span = _span(
        intent, f"{CALL} {intent.event.get('model', '')}".strip(), {OPERATION: CALL, **_attributes(fields)}
    )
    span["kind"] = _CLIENT
    if outcome:
        span["endTimeUnixNano"] = _nanoseconds(outcome.event)
    if fields.get("error"):
        span["status"] = {"code": _ERROR}
    return _line(span)


def _moment(entry: Entry) -> str:
    return _line(_span(entry, f"{OWN}{entry.event['kind']}", _attributes(_own(entry.event))))


def _span(entry: Entry, name: str, attributes: Mapping[str, Json]) -> dict[str, Json]:
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


def _own(event: Event) -> dict[str, Json]:
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
    """Address and port, if there is one: `host`, `host:8080`, `[::1]:8080`."""
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
            return {"intValue": str(value)}  # 64 bits do not fit a number of JSON's
        case float():
            return {"doubleValue": value}
        case str():
            return {"stringValue": value}
        case [*items] if all(isinstance(item, str) for item in items):
            return {"arrayValue": {"values": [_value(item) for item in items]}}
        case _:
            return {"stringValue": canonical(value).decode()}


def _nanoseconds(event: Event) -> str:
    try:
        since = datetime.fromisoformat(event["time"]) - _EPOCH
    except (ValueError, TypeError):  # a time that the log's writer did not write
        return "0"
    return str(since // timedelta(microseconds=1) * 1000)


def _line(span: Mapping[str, Json]) -> str:
    service: Json = _pairs({"service.name": "assist"})
    scope: Json = {"scope": {"name": "assist.audit"}, "schemaUrl": SCHEMA, "spans": [span]}
    return (
        json.dumps({"resourceSpans": [{"resource": {"attributes": service}, "scopeSpans": [scope]}]}) + "\n"
    )
