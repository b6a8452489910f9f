"""Counts for a team's collector, by OpenTelemetry's own exporter: never a text, a path or a name of a person.

It sends when a user asks, to the address that the user's or the organisation's settings name. The packages
are an optional extra. This module is the only one that imports them.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from assist_escalation.audit.reader import events
from assist_escalation.errors import EscalationError
from assist_escalation.gate.request_marks import installation_key
from assist_escalation.policy.checks import check_url
from assist_evaluation.usage.departures import REDACTED, departures
from assist_evaluation.usage.usage_sums import session_totals
from assist_server.config.config import Config
from assist_server.config.permissions import permissions_for
from assist_server.errors import UserError
from assist_server.record_files import gate_files

EXTRA = "in the clone of assist, run `uv sync --extra collector` or `uv tool install '.[collector]'`"
TIMEOUT_S = 10
_SUMS = ("requests", "bytes_sent", "bytes_received", "cost_micro", "input", "output", "redactions")


@dataclass(frozen=True, slots=True)
class CollectedCounts:
    """What is sent: how often each thing happened, and what left by provider, host and command.

    `instance` tells installations apart, and is a hash of a random secret.
    """

    instance: str
    usage: Mapping[str, int]
    egress: Mapping[tuple[str, str, str], Mapping[str, int]]


def collect(config: Config) -> CollectedCounts:
    """The counts of this machine so far. Raises `AuditError` if the log cannot be read."""
    files = gate_files(config)
    instance = hashlib.sha256(b"collector" + installation_key(files.marks)).hexdigest()[:16]
    return CollectedCounts(instance, session_totals(config.paths.data), egress_sums(events(files.audit)))


def egress_sums(log: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str, str], Counter[str]]:
    """What left, by provider, host and command. An intent without an outcome counts as a request."""
    sums: dict[tuple[str, str, str], Counter[str]] = {}
    for key, counts in departures(log).items():
        own = sums.setdefault((key.provider, key.host, key.command), Counter())
        for name, count in counts.items():
            own["redactions" if name.startswith(REDACTED) else name] += count
    return sums


def send(config: Config, counts: CollectedCounts) -> str:
    """Send the counts, and return the address. Raises `UserError` if that cannot be done."""
    if config.offline:
        raise UserError("Nothing is sent offline: leave out --offline, or unset ASSIST_OFFLINE.")
    found = permissions_for(config, ())[0]
    if not found.collector:
        raise UserError("No collector is configured: set its address as `endpoint` in [collector].")
    try:
        check_url(found.collector, "endpoint")
    except EscalationError as error:
        raise UserError(f"[collector] {error}") from error
    key = config.secrets.get(found.collector_key_env) if found.collector_key_env else ""
    if found.collector_key_env and not key:
        raise UserError(f"The variable {found.collector_key_env} is not set: set it to the collector's key.")
    if not counts.usage and not counts.egress:
        raise UserError("There is nothing to send yet: assist has counted nothing in this data directory.")
    with _variables_of_others_unset():
        _export(found.collector, key, counts)
    return found.collector


@contextmanager
def _variables_of_others_unset() -> Iterator[None]:
    """OpenTelemetry's variables add headers, certificates and tables of its own, or turn an export off."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("OTEL_")}
    try:
        yield
    finally:
        os.environ.update(hidden)


def _export(endpoint: str, key: str, counts: CollectedCounts) -> None:
    try:
        from opentelemetry.exporter.otlp.proto.http import Compression  # noqa: PLC0415
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415
        from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
        from opentelemetry.sdk.metrics.export import MetricExportResult, PeriodicExportingMetricReader  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from requests import Session  # noqa: PLC0415
    except ImportError as error:
        raise UserError(f"OpenTelemetry is not installed here: {EXTRA}") from error
    session = Session()
    session.trust_env = False  # no proxy and no password of the environment
    session.max_redirects = 0
    headers = {"User-Agent": "assist", "Content-Type": "application/x-protobuf"}
    headers |= {"Authorization": f"Bearer {key}"} if key else {}
    results: list[MetricExportResult] = []

    class Exporter(OTLPMetricExporter):  # the SDK tells no one whether an export worked
        def export(self, *arguments: Any, **more: Any) -> MetricExportResult:
            results.append(super().export(*arguments, **more))
            return results[-1]

    exporter = Exporter(
        endpoint=endpoint, timeout=TIMEOUT_S, session=session, compression=Compression.NoCompression
    )
    session.headers.clear()  # the exporter and requests add their own
    session.headers.update(headers)
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=float("inf"))
    provider = MeterProvider(
        [reader],
        Resource({"service.name": "assist", "service.instance.id": counts.instance}),
        shutdown_on_exit=False,
    )
    _add_counts(provider.get_meter("assist"), counts)
    provider.force_flush(1_000 * TIMEOUT_S)
    provider.shutdown()
    if not results or any(result is not MetricExportResult.SUCCESS for result in results):
        raise UserError(f"{endpoint} did not take the counts: check the address and the key.")


def _add_counts(meter: Any, counts: CollectedCounts) -> None:
    """Give a meter of OpenTelemetry what it shall report."""
    from opentelemetry.metrics import CallbackOptions, Observation  # noqa: PLC0415

    def usage(_: CallbackOptions) -> Iterable[Observation]:
        return [Observation(count, {"event": name}) for name, count in sorted(counts.usage.items())]

    meter.create_observable_counter("assist.events", [usage], description="How often each thing happened.")
    for name in _SUMS:

        def departures(_: CallbackOptions, name: str = name) -> Iterable[Observation]:
            return [
                Observation(sums.get(name, 0), {"provider": place[0], "host": place[1], "command": place[2]})
                for place, sums in counts.egress.items()
            ]

        meter.create_observable_counter(f"assist.egress.{name}", [departures], description="What left.")
