"""What an evaluation sends away: before it begins at most, with its price; afterwards by the audit log."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from assist_escalation.audit.reader import Filter, events
from assist_escalation.errors import EscalationError
from assist_evaluation.candidates.answering_model import AnswerCandidate
from assist_evaluation.candidates.run_budget import RunBudget
from assist_evaluation.candidates.spec import CandidateSpec
from assist_evaluation.judging.results import read_results, write_run
from assist_evaluation.running.ready import ReadyEvaluation
from assist_evaluation.usage.departures import departures
from assist_server.config.permissions import permissions_for
from assist_server.errors import UserError
from assist_server.record_files import gate_files

_SUMS = ("requests", "bytes_sent", "input", "output", "cost_micro")


@dataclass(frozen=True, slots=True)
class LeavingBound:
    """What may leave for a candidate at most, and what that may cost, in micro-dollars.

    `upper_micro` is None where nothing bounds the cost but the day's limit. `files` is the number of files
    whose text is asked about. `refused` counts requests that a rule forbids, by the reason.
    """

    candidate: str
    host: str
    requests: int
    files: int
    upper_micro: int | None
    yes_allowed: bool
    refused: Mapping[str, int]


def leaving_bounds(ready: ReadyEvaluation) -> list[LeavingBound]:
    """For each candidate that is not on this machine, what may leave. It sends nothing."""
    found = []
    for spec in ready.candidates:
        if spec.source == "provider":
            found.append(_provider_bound(ready, spec))
        elif spec.source == "server":
            found.append(_server_bound(ready, spec))
    return found


def _provider_bound(ready: ReadyEvaluation, spec: CandidateSpec) -> LeavingBound:
    asker = AnswerCandidate(ready.config, spec, ready.workspace, RunBudget(ready.folder.path, 0))
    upper = 0
    files: set[str] = set()
    hosts: Counter[str] = Counter()
    allowed = True
    refused: Counter[str] = Counter()
    asker.open_index()
    try:
        for task in ready.tasks.tasks:
            if task.kind not in spec.kinds or task.id not in ready.texts:
                continue
            try:
                decided = asker.question(task, ready.texts[task.id])
            except (UserError, EscalationError) as error:
                refused[str(error)] += 1
                continue
            prepared = decided.prepared
            if prepared is None or decided.decision.target != "frontier":
                refused[decided.decision.why] += 1
                continue
            upper += prepared.upper_micro
            files |= set(prepared.files)
            hosts[prepared.host] += 1
            allowed = allowed and prepared.request.permissions.yes_allowed
    finally:
        asker.close_index()
    host = ", ".join(hosts)
    return LeavingBound(spec.label, host, hosts.total(), len(files), upper or None, allowed, dict(refused))


def _server_bound(ready: ReadyEvaluation, spec: CandidateSpec) -> LeavingBound:
    found = permissions_for(ready.config, [ready.workspace.root])[0]
    own = [task for task in ready.tasks.tasks if task.kind in spec.kinds]
    host = urlsplit(found.servers[spec.name].base_url).netloc
    files = len({task.path for task in own})
    return LeavingBound(spec.label, host, len(own), files, None, found.yes_allowed, {})


def bound_lines(bound: LeavingBound, max_usd: float) -> Iterator[str]:
    """What may leave, in words."""
    of = f"{bound.requests:,} requests about {bound.files:,} files to {bound.host or 'no host'}"
    if not bound.requests:
        yield f"{bound.candidate}: nothing is sent"
    elif bound.upper_micro is None:
        limit = f", at most ${max_usd:g} (--max-usd)" if max_usd else ""
        yield f"{bound.candidate}: up to {of}{limit}; no price bounds a single one"
    else:
        cost = f"${bound.upper_micro / 1e6:.2f}, with a retry of each twice that"
        yield f"{bound.candidate}: up to {of}, for up to {cost}; it ends at ${max_usd:g} (--max-usd)"
    for why, count in bound.refused.items():
        yield f"{bound.candidate}: {count:,} are not asked: {why}"


def bound_document(bound: LeavingBound) -> dict[str, Any]:
    """The same as JSON."""
    upper = None if bound.upper_micro is None else bound.upper_micro / 1e6
    document = asdict(bound)
    del document["upper_micro"], document["yes_allowed"]
    return {**document, "upper_usd": upper}


def record_departures(ready: ReadyEvaluation, folder: Path, since: datetime) -> None:
    """Write into the facts of a run what left since a moment for its candidates, by the audit log."""
    names = {candidate.name for candidate in ready.candidates if candidate.source in ("provider", "server")}
    log = events(gate_files(ready.config).audit, Filter(since=since.astimezone(UTC).timestamp()))
    rows = [
        {"provider": key.provider, "host": key.host, "command": key.command, **{n: sums[n] for n in _SUMS}}
        for key, sums in departures(_of_providers(log, names)).items()
    ]
    _, run = read_results(folder)
    write_run(folder, {**run, "departures": rows})


def _of_providers(log: Iterable[Mapping[str, Any]], names: set[str]) -> Iterator[Mapping[str, Any]]:
    """The intents to these providers, and all outcomes."""
    return (event for event in log if event["kind"] != "intent" or event["provider"] in names)
