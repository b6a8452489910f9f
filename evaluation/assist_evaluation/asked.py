"""How many questions a day this user asks, from the counts of this machine."""

import time

from assist_escalation.routing import feedback
from assist_server.config.config import Config
from assist_server.questions.record_files import gate_files

DAYS = 30  # that are counted: habits of a year ago say little
DAY_S = 86_400


def asked_a_day(config: Config, now: float | None = None) -> float:
    """The mean over the days on which anything was asked in the last month, 0 for none."""
    since = (time.time() if now is None else now) - DAYS * DAY_S
    days: dict[int, set[str]] = {}
    for event in feedback.events(gate_files(config).feedback):
        if event.event == "routed" and event.at >= since:
            days.setdefault(int(event.at // DAY_S), set()).add(event.request_id)
    return sum(map(len, days.values())) / len(days) if days else 0.0
