"""What is read from a log: through filters, and in the forms of other tools."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from audit_logs import START, intent, outcome, ticking

from assist_escalation.audit.export import COLUMNS, SEMCONV, ExportForm, export
from assist_escalation.audit.log import AuditError, AuditLog
from assist_escalation.audit.reader import Filter, events, later_events
from assist_escalation.errors import EscalationError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Two requests of two repositories, an edit of the first, a refused request, and one without an outcome."""
    log = AuditLog(tmp_path / "log", clock=ticking(step=10))
    log.append("intent", intent("r1"))
    log.append("intent", intent("r2", repo="mill", model="large-2"))
    log.append("outcome", outcome("r2", error="timeout", finish="", model_returned=""))
    log.append("outcome", outcome("r1"))
    log.append("edit", {"request_id": "r1", "paths": ["a.py", "b.py"]})
    log.append("refused", {"request_id": "r3", "repo": "mill", "cause": "budget"})
    log.append("intent", intent("r4", command="tool:aider"))
    return tmp_path / "log"


def _exported(path: Path, form: ExportForm, only: Filter = Filter()) -> tuple[int, str]:  # noqa: B008
    out = io.StringIO()
    return export(path, form, out.write, only), out.getvalue()


@pytest.mark.parametrize(
    ("only", "seqs"),
    [
        (Filter(), [1, 2, 3, 4, 5, 6, 7]),
        (Filter(since=START + 20), [3, 4, 5, 6, 7]),
        (Filter(until=START + 20), [1, 2]),
        (Filter(since=START + 10, until=START + 20), [2]),
        (Filter(kind="intent"), [1, 2, 7]),
        (Filter(request="r1"), [1, 4, 5]),
        (Filter(repo="shop"), [1, 4, 5, 7]),
        (Filter(repo="mill"), [2, 3, 6]),
        (Filter(repo="shop", since=START + 20), [4, 5, 7]),
        (Filter(repo="mill", kind="outcome"), [3]),
        (Filter(repo="none"), []),
        (Filter(tool="aider"), [7]),
        (Filter(tool="*"), [7]),
        (Filter(tool="aider", repo="mill"), []),
        (Filter(tool="zed"), []),
    ],
)
def test_filters(path: Path, only: Filter, seqs: list[int]) -> None:
    assert [event["seq"] for event in events(path, only)] == seqs
    assert _exported(path, "jsonl", only)[0] == len(seqs)


def test_a_log_is_followed_from_where_it_ended_and_a_line_that_is_being_written_waits(path: Path) -> None:
    whole = path.read_bytes()
    middle = whole.index(b"\n", whole.index(b"\n") + 1) + 1
    path.write_bytes(whole[: middle + 20])
    found, end = later_events(path, 0)
    assert ([event["seq"] for event in found], end) == ([1, 2], middle)
    path.write_bytes(whole)
    later, end = later_events(path, end)
    assert ([event["seq"] for event in later], end) == ([3, 4, 5, 6, 7], len(whole))
    assert later_events(path, end) == ([], end)
    assert later_events(path.with_name("none"), 0) == ([], 0)


def test_a_missing_log_has_no_events(tmp_path: Path) -> None:
    assert list(events(tmp_path / "log")) == []
    with pytest.raises(AuditError, match="cannot use"):
        list(events(tmp_path))


def test_a_damaged_line_is_named_behind_the_events_before_it(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"timeout", b"success"))
    shown = events(path)
    assert [next(shown)["seq"], next(shown)["seq"]] == [1, 2]
    with pytest.raises(AuditError, match=r"Line 3 of .*log was changed"):
        next(shown)


def test_json_lines_hold_every_field(path: Path) -> None:
    count, text = _exported(path, "jsonl")
    rows = [json.loads(line) for line in text.splitlines()]
    assert (count, len(rows)) == (7, 7)
    whole = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert rows == [{**line["event"], "sha256": line["sha256"]} for line in whole]


def test_csv_has_a_row_an_event(path: Path) -> None:
    count, text = _exported(path, "csv")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert (count, len(rows)) == (7, 7)
    assert list(rows[0]) == [*COLUMNS, "other"]
    assert [row["kind"] for row in rows] == [
        "intent",
        "intent",
        "outcome",
        "outcome",
        "edit",
        "refused",
        "intent",
    ]
    assert json.loads(rows[3]["usage"])["output"] == 80
    assert json.loads(rows[4]["other"])["paths"] == ["a.py", "b.py"]
    assert rows[3]["cost_micro"] == "900"


@pytest.mark.parametrize(
    ("cause", "cell"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r\n=1", "<U+000D>\n=1"),
        ("＝1", "'＝1"),
        (-1, "'-1"),
        ("a=1", "a=1"),
        ('say "a,b"', 'say "a,b"'),
        ("caf\udce9", "caf\\udce9"),
    ],
)
def test_no_cell_is_a_formula(tmp_path: Path, cause: Any, cell: str) -> None:
    path = tmp_path / "log"
    AuditLog(path).append("refused", {"cause": cause, "actor": "ann"})
    row = next(csv.DictReader(io.StringIO(_exported(path, "csv")[1], newline="")))
    assert (row["cause"], row["actor"]) == (cell, "ann")
    row["cause"].encode()


def _spans(text: str) -> list[dict[str, Any]]:
    found = []
    for line in text.splitlines():
        scope = json.loads(line)["resourceSpans"][0]["scopeSpans"][0]
        assert scope["schemaUrl"].endswith(f"/{SEMCONV}")
        (span,) = scope["spans"]
        span["attributes"] = {each["key"]: each["value"] for each in span["attributes"]}
        found.append(span)
    return found


def test_a_call_is_one_span_in_the_conventions_names(path: Path) -> None:
    count, text = _exported(path, "otel", Filter(request="r1"))
    call, edit = _spans(text)
    assert count == 2
    assert (call["name"], call["kind"], "status" in call) == ("chat large-1", 3, False)
    assert call["startTimeUnixNano"] == str(int(START) * 10**9)
    assert call["endTimeUnixNano"] == str((int(START) + 30) * 10**9)
    assert (edit["name"], edit["kind"], edit["traceId"]) == ("assist.edit", 1, call["traceId"])
    assert (len(call["traceId"]), len(call["spanId"]), call["spanId"] != edit["spanId"]) == (32, 16, True)
    for name, value in {
        "gen_ai.operation.name": {"stringValue": "chat"},
        "gen_ai.provider.name": {"stringValue": "eu-azure"},
        "gen_ai.request.model": {"stringValue": "large-1"},
        "gen_ai.response.model": {"stringValue": "large-1-0801"},
        "gen_ai.response.finish_reasons": {"arrayValue": {"values": [{"stringValue": "stop"}]}},
        "gen_ai.usage.input_tokens": {"intValue": "900"},
        "gen_ai.usage.cache_read.input_tokens": {"intValue": "150"},
        "gen_ai.usage.cache_creation.input_tokens": {"intValue": "50"},
        "gen_ai.usage.output_tokens": {"intValue": "80"},
        "assist.usage.estimated": {"boolValue": False},
        "server.address": {"stringValue": "models.example"},
        "server.port": {"intValue": "8443"},
        "assist.cost_micro": {"intValue": "900"},
        "assist.repo": {"stringValue": "shop"},
    }.items():
        assert call["attributes"][name] == value
    assert "error.type" not in call["attributes"]


def test_calls_that_failed_or_never_ended(path: Path) -> None:
    failed, call, edit, refused, orphan = _spans(_exported(path, "otel")[1])
    assert failed["attributes"]["error.type"] == {"stringValue": "timeout"}
    assert failed["status"] == {"code": 2}
    assert "gen_ai.response.model" not in failed["attributes"]
    assert [each["name"] for each in (call, edit, refused)] == [
        "chat large-1",
        "assist.edit",
        "assist.refused",
    ]
    assert orphan["attributes"]["assist.orphan"] == {"boolValue": True}
    assert orphan["startTimeUnixNano"] == orphan["endTimeUnixNano"]


@pytest.mark.parametrize(
    ("host", "address", "port"),
    [("a.example", "a.example", None), ("[::1]:80", "::1", "80"), ("::1", "::1", None), ("a:b", "a:b", None)],
)
def test_hosts_with_and_without_a_port(tmp_path: Path, host: str, address: str, port: str | None) -> None:
    AuditLog(tmp_path / "log").append("intent", intent("r1", host=host))
    (span,) = _spans(_exported(tmp_path / "log", "otel")[1])
    assert span["attributes"]["server.address"]["stringValue"] == address
    assert span["attributes"].get("server.port", {}).get("intValue") == port


def test_another_form_is_refused(path: Path) -> None:
    with pytest.raises(EscalationError, match="choose jsonl, csv or otel"):
        export(path, "xml", print)  # type: ignore[arg-type]
