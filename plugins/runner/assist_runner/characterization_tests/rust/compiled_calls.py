"""What calls that are compiled need: runs of their program, few mistakes, and no clock."""

import json
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from assist_runner.characterization_tests.calls import CallObservation
from assist_runner.characterization_tests.choosing import same_outcome
from assist_runner.characterization_tests.language import CannotRunError, ObservingRun, RecordingContext
from assist_runner.characterization_tests.project_runs import ProjectCopy

MUTANTS = 3  # that are compiled: each takes a second or more
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")

Observer = Callable[[ProjectCopy, RecordingContext, ObservingRun], list[CallObservation]]


def try_mistakes(
    observe: Observer,
    copy: ProjectCopy,
    material: RecordingContext,
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


def run_calls(
    copy: ProjectCopy,
    words: Sequence[str],
    numbers: Sequence[int],
    run: ObservingRun,
    environ: Mapping[str, str],
) -> dict[int, Mapping[str, Any]]:
    """The rows that a program of calls writes, by their numbers.

    After one that is late or ends the program, the others run in another. Raises CannotRunError if none
    begins.
    """
    found: dict[int, Mapping[str, Any]] = {}
    left = list(numbers)
    seconds = run.limit
    while left and seconds > 0:
        mark = f"assist-{secrets.token_hex(8)} "
        told = {
            "ASSIST_MARK": mark,
            "ASSIST_CALLS": ",".join(map(str, left)),
            "ASSIST_SECONDS": str(run.seconds),
            "TZ": "Asia/Tokyo" if run.later else "UTC",
        }
        result = copy.run(list(words), seconds, {**environ, **told})
        seconds -= result.seconds
        begun = -1
        for line in result.output.splitlines():
            row = json.loads(line[len(mark) :]) if line.startswith(mark) else {}
            begun = row.get("begin", begun)
            if "late" in row:
                found[row["late"]] = {"missing": "time"}
            elif "end" in row:
                found[row["end"]] = row["row"]
        if begun < 0:
            raise CannotRunError("; ".join(result.reports) or _last_line(result.output))
        found.setdefault(begun, {"missing": "time" if result.code is None else "crash"})
        left = [number for number in left if number not in found]
    return {number: {"missing": "time"} for number in numbers} | found


def _last_line(output: str) -> str:
    """The last line that says something, shortened."""
    lines = [line for line in output.splitlines() if line.strip()]
    return lines[-1][:200] if lines else "it says nothing"


def is_unsteady(text: str) -> bool:
    """Whether a text has an address, a temporary path or the time of now."""
    now = time.time()
    days = {time.strftime("%Y-%m-%d", time.gmtime(now + step)) for step in (0, 86_400, -86_400)}
    numbers = (int(number) for number in re.findall(r"\d{10,19}", text))
    near = any(abs(number / scale - now) < 100_000 for number in numbers for scale in (1, 1e3, 1e6, 1e9))
    return bool(_ADDRESS.search(text)) or "/assist-run-" in text or near or any(day in text for day in days)
