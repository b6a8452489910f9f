"""What left this machine, as sums over the audit log by day, command, provider and host. Never a path.

It reads the log through `audit.reader` and changes nothing.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

REDACTED = "redacted-"  # with the type of a secret, such as "redacted-PASSWORD"
MAX_OPEN = 10_000  # intents whose outcome may still follow; those that a crash left without one stay open


@dataclass(frozen=True, slots=True)
class DepartureKey:
    """What sums are for: the day of the request (UTC), and where it went."""

    day: str
    command: str
    provider: str
    host: str


def departures(log: Iterable[Mapping[str, Any]]) -> dict[DepartureKey, Counter[str]]:
    """What left, by key. An intent without an outcome counts as a request.

    Names: requests, bytes_sent, bytes_received, cost_micro (micro-dollars), input and output (tokens), and
    "redacted-TYPE".
    """
    asked: dict[str, tuple[str, ...]] = {}
    sums: dict[tuple[str, ...], Counter[str]] = {}  # as the keys' values, which are made faster
    for event in log:
        request = str(event.get("request_id") or "")
        if event["kind"] == "intent":
            key = (event["time"][:10], str(event["command"]), str(event["provider"]), str(event["host"]))
            asked[request] = key
            if len(asked) > MAX_OPEN:
                del asked[next(iter(asked))]
            own = sums.setdefault(key, Counter())
            own["requests"] += 1
            own["bytes_sent"] += int(event.get("bytes_sent", 0))  # of a question; a window says it at its end
            _add_redactions(own, event)
        elif event["kind"] == "outcome" and request in asked:
            own = sums[asked.pop(request)]
            own["requests"] += int(event.get("requests", 1)) - 1  # a window of ghost text has many
            own["cost_micro"] += int(event["cost_micro"])
            usage = event["usage"]
            own["input"] += usage["input"] + usage["cache_read"] + usage["cache_write"]
            own["output"] += int(usage["output"])
            _add_redactions(own, event)
            own["bytes_sent"] += int(event.get("bytes_sent", 0))
            own["bytes_received"] += int(event.get("bytes_received", 0))
    return {DepartureKey(*key): counts for key, counts in sums.items()}


def _add_redactions(own: Counter[str], event: Mapping[str, Any]) -> None:
    for redaction in event.get("redactions", ()):
        own[f"{REDACTED}{redaction['type']}"] += redaction["count"]
