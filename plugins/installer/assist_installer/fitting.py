"""Which models a machine can use: how soon each reads, measured or estimated, and whether memory holds it.

It reckons with rows and speeds. It opens, fetches and prints nothing.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from assist_completion.inference.speed_probe import NEW_PLACE
from assist_completion.inference.speed_trial import Speed
from assist_completion.model_store.catalogue import ModelRow
from assist_server.config.config import Role

# From one model to another on the same machine, reading goes with the parameters and writing with the bytes
# of the file, each to a power. Of 8 pairs for reading (ours and published ones; x86, Arm, Metal) it was 0.81
# to 1.0, and 0.33 where a processor has a unit for matrices; of 8 for writing (Vulkan too) 0.58 to 0.92. They
# are in benchmarks/bench/machines/speeds.toml. Taken is whatever is slower: several GB are not fetched for
# nothing, and what a model really takes is measured before it is used.
READING = (0.8, 1.0)
WRITING = (0.6, 1.0)
BYTES = 0.75e9  # of a file for each 1e9 parameters, where the catalogue does not say: 0.64 to 0.75 in Q4_K_M
# Caches, snapshots and what llama.cpp computes in; with them and its file the 1.5B takes 2.3 GB. The rest
# is for the editor, the browser and the system: a machine of 8 GB holds the 1.5B, one of 16 GB the 7B.
WORKING = 1 << 30
REST = 5e9


@dataclass(frozen=True, slots=True)
class Wait:
    """What a user waits for: `tokens` that are read, for at most so many seconds.

    `pace` is how many tokens a second are written at least.
    """

    tokens: int
    seconds: float
    pace: float

    def takes(self, speed: Speed) -> float:
        """The seconds for it with this speed."""
        return self.tokens / speed.prefill if speed.prefill else float("inf")


# A line at a place that was read before takes 13 tokens, which is a second at this pace. On 16 cores a 7B
# reads soon enough, but writes 11 a second; a key then waits 1.0 s at p95 (benchmarks/machines.py).
GHOST_TEXT = Wait(NEW_PLACE, 1.5, 12.0)
# A question on a function of 60 lines. After ten seconds people turn to something else (Nielsen, 1993), and
# they read about four words a second.
ANSWERS = Wait(700, 10.0, 5.0)


@dataclass(frozen=True, slots=True)
class Fitting:
    """A model, its speed on this machine, and the seconds that a user waits for it."""

    row: ModelRow
    speed: Speed
    measured: bool
    seconds: float
    soon: bool


def wait_for(role: Role) -> Wait:
    """What counts for a role. Whatever also writes ghost text must do that soon enough."""
    return ANSWERS if role == "answers" else GHOST_TEXT


def candidates(rows: Iterable[ModelRow], role: Role, start: ModelRow) -> list[ModelRow]:
    """What may be proposed in place of `start`: one row of each size, the smallest first.

    Each is of the family of `start`, since a size says nothing about another one. It may be used at work,
    follows instructions, since it answers questions too, and fills in code if that is its role. Of one size,
    `start` comes before others, and what we ran before what we did not.
    """
    best: dict[float, ModelRow] = {billions(start): start}
    for row in sorted(rows, key=lambda row: not row.ran):
        able = row.instruct and (role == "answers" or row.fim is not None)
        if able and row.family == start.family and row.licence.commercial and row.purpose == "completion":
            best.setdefault(billions(row), row)
    return [best[size] for size in sorted(best)]


def fits(
    rows: Sequence[ModelRow],
    measure: Callable[[ModelRow], Speed | None],
    start: tuple[ModelRow, Speed],
    memory: int,
    wait: Wait,
) -> list[Fitting]:
    """How soon each of `rows`, the smallest first, reads here, up to the first one that is too slow.

    `measure` returns the speed of a model whose file is here, which may take a while, else None. Those are
    estimated from the nearest smaller one that was measured; `start` is known, and not too slow because other
    programs were busy. Left out is what memory does not hold: `memory` is that of the machine, in bytes, 0 if
    it is not known.
    """
    found: list[Fitting] = []
    nearest = start
    for row in rows:
        if row != start[0] and not has_room(row, memory, start[1]):
            continue
        speed = start[1] if row == start[0] else measure(row)
        known = speed is not None
        if speed is not None:
            nearest = row, speed
        else:
            other = nearest[0]
            less = billions(other) / billions(row)
            speed = scale(nearest[1], less, file_bytes(other) / file_bytes(row))
        seconds = wait.takes(speed)
        quick = seconds <= wait.seconds and speed.decode >= wait.pace
        soon = quick or (row == start[0] and not speed.quiet)
        found.append(Fitting(row, speed, known, seconds, soon))
        if not found[-1].soon:
            break
    return found


def best_of(found: Sequence[Fitting]) -> Fitting:
    """The largest model that is soon enough, else the smallest one."""
    return next((fit for fit in reversed(found) if fit.soon), found[0])


def scale(speed: Speed, parameters: float, size: float) -> Speed:
    """The speed of another model: what was measured has so many times its parameters, and its bytes.

    It is rather too slow than too fast.

    >>> speed = scale(Speed(230, 49, 1, 32768), 0.5 / 1.5, 491 / 1117)  # measured: 90 and 23
    >>> round(speed.prefill), round(speed.decode)
    (77, 22)
    """
    reading = min(parameters**power for power in READING)
    writing = min(size**power for power in WRITING)
    return replace(speed, prefill=speed.prefill * reading, decode=speed.decode * writing)


def has_room(row: ModelRow, memory: int, speed: Speed) -> bool:
    """Whether a model fits where `speed` was measured: into a device's free memory, and into the machine's.

    A card has a memory of its own; other devices share the machine's.
    """
    needed = 1.1 * file_bytes(row) + WORKING
    device = speed.free or speed.memory
    if speed.device and device and not speed.shared:
        return needed <= device
    return needed + REST <= memory and (not device or needed <= device)


def file_bytes(row: ModelRow) -> float:
    """The size of a model's file, estimated if the catalogue does not have it."""
    return row.bytes or BYTES * billions(row)


def billions(row: ModelRow) -> float:
    """The parameters of a model, in 1e9, by their name: "1.5B", "135M" or "30B-A3B"."""
    number = re.match(r"([\d.]+)([BM])", row.parameters)
    if number is None:
        return float("inf")
    return float(number[1]) / (1 if number[2] == "B" else 1000)
