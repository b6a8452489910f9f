"""Counts for a collector: what a real OpenTelemetry export puts on the wire, and what it never does."""

import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from config_files import write
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from assist_escalation.audit.log import AuditLog
from assist_evaluation.usage import collector
from assist_evaluation.usage.usage_rows import record_session
from assist_server.config.config import Config, load
from assist_server.errors import UserError
from assist_server.record_files import gate_files

INTENT = {
    "request_id": "a",
    "actor": "me",
    "repo": "/home/me/secret-project",
    "command": "complete",
    "cause": "ghost_text",
    "features": {},
    "verdict": {},
    "spans": [],
    "redactions": [],
    "payload_sha256": "",
    "provider": "team",
    "host": "gpu.example",
    "model": "m",
    "tokens": 1,
    "upper_micro": 0,
}
OUTCOME = {
    "request_id": "a",
    "model_returned": "m",
    "cost_micro": 7,
    "latency_ms": 1,
    "finish": "window",
    "error": "",
    "usage": {"input": 10, "cache_read": 90, "cache_write": 0, "output": 5},
    "requests": 12,
    "bytes_sent": 3000,
    "bytes_received": 40,
    "files": [{"path": "secret.py", "requests": 12}],
}


class Receiver(BaseHTTPRequestHandler):
    bodies: ClassVar[list[bytes]]
    keys: ClassVar[list[str | None]]
    names: ClassVar[set[str]]  # of all headers
    status = 200

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["content-length"])))
        self.keys.append(self.headers["authorization"])
        self.names.update(name.lower() for name in self.headers)
        self.send_response(self.status)
        self.send_header("location", "http://127.0.0.1:1/")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def receiving(answer: int = 200) -> Iterator[tuple[str, type[Receiver]]]:
    class Own(Receiver):
        bodies: ClassVar[list[bytes]] = []
        keys: ClassVar[list[str | None]] = []
        names: ClassVar[set[str]] = set()
        status = answer

    server = HTTPServer(("127.0.0.1", 0), Own)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/metrics", Own
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def configured(folder: Path, endpoint: str, **environ: str) -> Config:
    text = f"[collector]\nendpoint = '{endpoint}'\nkey_env = 'COLLECT_KEY'\n"
    config = load(write(folder, text) | {"ASSIST_DATA_DIR": str(folder / "data"), **environ})
    record_session(config.paths.data, Counter({"shown": 31, "accepted": 4}))
    log = AuditLog(gate_files(config).audit)
    log.append("intent", INTENT)
    log.append("outcome", OUTCOME)
    return config


def sums_in(body: bytes) -> dict[tuple[str, ...], int]:
    request = ExportMetricsServiceRequest()
    request.ParseFromString(body)
    found: dict[tuple[str, ...], int] = {}
    for metric in request.resource_metrics[0].scope_metrics[0].metrics:
        for point in metric.sum.data_points:
            words = tuple(each.value.string_value for each in point.attributes)
            found[(metric.name, *sorted(words))] = point.as_int
    return found


def test_counts_and_sums_arrive_without_texts_and_paths(tmp_path: Path) -> None:
    with receiving() as (endpoint, seen):
        config = configured(tmp_path, endpoint, COLLECT_KEY="sesame-sesame")
        assert collector.send(config, collector.collect(config)) == endpoint
    (body,) = seen.bodies
    found = sums_in(body)
    assert found["assist.events", "shown"] == 31
    place = ("complete", "gpu.example", "team")
    assert found["assist.egress.requests", *place] == 12
    assert found["assist.egress.bytes_sent", *place] == 3000
    assert found["assist.egress.input", *place] == 100
    assert seen.keys == ["Bearer sesame-sesame"]
    assert not [word for word in (b"secret", b"/home", b".py") if word in body]


# Whatever OpenTelemetry and requests read; the values would send headers, sums in other form, or nothing.
VARIABLES = {
    "OTEL_EXPORTER_OTLP_HEADERS": "x-leak=1",
    "OTEL_EXPORTER_OTLP_METRICS_HEADERS": "x-leak=2",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://127.0.0.1:9/",
    "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION": "gzip",
    "OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE": "/nowhere.pem",
    "OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE": "/nowhere.pem",
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE": "DELTA",
    "OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED": "true",
    "OTEL_RESOURCE_ATTRIBUTES": "user=amy",
    "OTEL_SDK_DISABLED": "true",
    "HTTP_PROXY": "http://127.0.0.1:9/",
    "ALL_PROXY": "http://127.0.0.1:9/",
}


def test_no_variable_of_the_environment_changes_what_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving() as (endpoint, plain):
        config = configured(tmp_path, endpoint, COLLECT_KEY="sesame-sesame")
        collector.send(config, collector.collect(config))
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    with receiving() as (endpoint, seen):
        (tmp_path / "again").mkdir()
        config = configured(tmp_path / "again", endpoint, COLLECT_KEY="sesame-sesame")
        collector.send(config, collector.collect(config))
    assert seen.names == plain.names
    assert seen.keys == plain.keys
    assert sums_in(seen.bodies[0]) == sums_in(plain.bodies[0])
    assert b"amy" not in seen.bodies[0]
    assert {name: os.environ[name] for name in VARIABLES} == VARIABLES


@pytest.mark.parametrize("status", [401, 307, 500])
def test_a_collector_that_refuses_is_told(tmp_path: Path, status: int) -> None:
    with receiving(status) as (endpoint, seen):
        config = configured(tmp_path, endpoint, COLLECT_KEY="sesame-sesame")
        with pytest.raises(UserError, match="did not take the counts"):
            collector.send(config, collector.collect(config))
        assert seen.bodies


@pytest.mark.parametrize(
    ("endpoint", "more", "says"),
    [
        ("http://127.0.0.1:9/", {"ASSIST_OFFLINE": "1", "COLLECT_KEY": "k" * 9}, "offline"),
        ("http://127.0.0.1:9/", {}, "COLLECT_KEY is not set"),
        ("http://elsewhere.example/", {"COLLECT_KEY": "k" * 9}, "https"),
        ("", {"COLLECT_KEY": "k" * 9}, "No collector is configured"),
    ],
)
def test_nothing_is_sent_where_it_may_not(tmp_path: Path, endpoint: str, more: Any, says: str) -> None:
    config = configured(tmp_path, endpoint, **more)
    with pytest.raises(UserError, match=says):
        collector.send(config, collector.collect(config))


def test_without_any_counts_that_is_said_and_nothing_is_sent(tmp_path: Path) -> None:
    with receiving() as (endpoint, seen):
        config = configured(tmp_path, endpoint, COLLECT_KEY="sesame-sesame")
        with pytest.raises(UserError, match="nothing to send yet"):
            collector.send(config, collector.CollectedCounts("0" * 16, {}, {}))
        assert not seen.bodies
