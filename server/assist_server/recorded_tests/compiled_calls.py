"""What languages whose calls are compiled share: few mistakes are tried, and no clock or address is seen."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from assist_server.recorded_tests.calls import CallObservation
from assist_server.recorded_tests.choosing import same_outcome
from assist_server.recorded_tests.language import CannotRunError, ObservingRun, RecordingMaterial
from assist_server.recorded_tests.project_runs import ProjectCopy

MUTANTS = 3  # that are compiled: each takes a second or more
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")

Observer = Callable[[ProjectCopy, RecordingMaterial, ObservingRun], list[CallObservation]]


def try_mistakes(
    observe: Observer,
    copy: ProjectCopy,
    material: RecordingMaterial,
    run: ObservingRun,
    texts: Sequence[str],
) -> list[dict[int, CallObservation] | None]:
    """The calls that come to something else with each of a few mistakes; None for those not tried."""
    whole = observe(copy, material, run)
    found: list[dict[int, CallObservation] | None] = []
    for text in texts:
        if sum(row is not None for row in found) == MUTANTS:
            found.append(None)
            continue
        try:
            changed = replace(run, changed={material.subject.path: text}, seconds=1.0)
            seen = observe(copy, material, changed)
        except CannotRunError:
            found.append(None)
            continue
        pairs = enumerate(zip(whole, seen, strict=True))
        found.append({number: other for number, (one, other) in pairs if not same_outcome(one, other)})
    return found


def is_unsteady(text: str) -> bool:
    """Whether a text has an address, a temporary path or the time of now."""
    now = time.time()
    days = {time.strftime("%Y-%m-%d", time.gmtime(now + step)) for step in (0, 86_400, -86_400)}
    numbers = (int(number) for number in re.findall(r"\d{10,19}", text))
    near = any(abs(number / scale - now) < 100_000 for number in numbers for scale in (1, 1e3, 1e6, 1e9))
    return bool(_ADDRESS.search(text)) or "/assist-run-" in text or near or any(day in text for day in days)
