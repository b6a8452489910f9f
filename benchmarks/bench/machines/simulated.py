"""Machines of others, from the figures in speeds.toml, and what `assist setup` would do on each.

Figures that are not there are scaled by the product's own `fitting.scale`. Nothing is measured here.
"""

import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assist_completion.inference.speed_probe import Speeds
from assist_completion.inference.speed_trial import SIZES, Speed, slice_for
from assist_completion.model_store.catalogue import ModelRow, rows
from assist_installer.fitting import (
    Fitting,
    best_of,
    billions,
    candidates,
    file_bytes,
    fits,
    scale,
    wait_for,
)
from assist_installer.setup import default_row

FILE = Path(__file__).with_name("speeds.toml")
GB = 10**9
TRAINED = 32_768  # tokens of the models' context
SAME = 0.01  # 1e9 parameters: a figure of such a model is its own, not scaled
LONG = 512  # tokens of the prompt by which others measure reading


@dataclass(frozen=True, slots=True)
class Weights:
    """The size of a model of which others published a speed."""

    billions: float
    bytes: int


@dataclass(frozen=True, slots=True)
class Figure:
    """Tokens a second of one model on one machine, None if not published, and where they were published."""

    weights: Weights
    reads: float | None
    writes: float | None
    source: str


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of speeds.toml. Memory is in bytes; `device` is empty if there is none that works."""

    name: str
    cores: int
    memory: int
    processor: tuple[Figure, ...]
    device: tuple[Figure, ...] = ()
    kind: str = ""
    device_name: str = ""
    device_memory: int = 0
    shared: bool = False
    device_fails: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What setting up ends with: the model in use, what was fetched on the way, and the figures shown."""

    row: ModelRow
    speed: Speed
    found: Sequence[Fitting]
    fetched: list[str] = field(default_factory=list)


def read_machines(path: Path = FILE) -> list[Machine]:
    """The machines of the file, in its order."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    models = {name: Weights(**table) for name, table in document["model"].items()}
    return [_machine(table, models) for table in document["machine"]]


def _machine(table: Mapping[str, Any], models: Mapping[str, Weights]) -> Machine:
    listed = {
        part: tuple(
            Figure(models[each["model"]], each.get("reads"), each.get("writes"), each["source"])
            for each in table.get(part, ())
        )
        for part in ("processor", "device")
    }
    sizes = {name: int(table.get(name, 0) * GB) for name in ("memory", "device_memory")}
    rest = {name: value for name, value in table.items() if name not in {*listed, *sizes}}
    return Machine(**rest, **listed, **sizes)


def speed_of(machine: Machine, row: ModelRow) -> Speed:
    """What the probe would find for a model, and choose, on a machine."""
    speeds = [_of_processor(machine, row)] if machine.processor else []
    if machine.device:
        device = _of_device(machine, row)
        if not speeds:
            return device
        return Speeds(speeds[0], device).used
    return speeds[0]


def call_seconds(tokens: int, reads: float, writes: float) -> float:
    """The seconds of a call that reads some tokens on a device: all weights once, then each token.

    `writes` says what the weights take, and `reads` what `LONG` tokens take altogether. For an RTX 4090 with
    an 8B (7,139 and 131 tokens a second) that gives 1,660 in calls of 16. A newer llama.cpp reads 1,930:
    https://github.com/ggml-org/llama.cpp/pull/15131.

    >>> round(16 / call_seconds(16, 7139, 130.6), -1)
    1660.0
    """
    weights = 1 / writes
    return weights + tokens * max(0.0, 1 / reads - weights / LONG)


def _of_processor(machine: Machine, row: ModelRow) -> Speed:
    reads, writes = _tokens_a_second(machine.processor, row)
    sizes = (SIZES[0] / reads, SIZES[1] / reads, SIZES[2] / writes)
    return Speed(reads, writes, min(2, machine.cores), TRAINED, sizes=sizes)


def _of_device(machine: Machine, row: ModelRow) -> Speed:
    reads, writes = _tokens_a_second(machine.device, row)
    size = slice_for(lambda tokens: call_seconds(tokens, reads, writes))
    sizes = [_in_slices(tokens, size, reads, writes) for tokens in SIZES[:2]]
    return Speed(
        size / call_seconds(size, reads, writes),
        writes,
        1,
        TRAINED,
        sizes=(*sizes, SIZES[2] / writes),
        device=machine.kind,
        name=machine.device_name,
        memory=machine.device_memory,
        shared=machine.shared,
        slice=size,
    )


def _in_slices(tokens: int, size: int, reads: float, writes: float) -> float:
    whole, rest = divmod(tokens, size)
    seconds = whole * call_seconds(size, reads, writes)
    return seconds + (call_seconds(rest, reads, writes) if rest else 0.0)


def _tokens_a_second(figures: Sequence[Figure], row: ModelRow) -> tuple[float, float]:
    """Tokens a second for reading and writing, each from the published model that is nearest in size."""
    found = []
    for part in ("reads", "writes"):
        near = min(
            (each for each in figures if getattr(each, part) is not None),
            key=lambda each: abs(math.log(each.weights.billions / billions(row))),
        )
        value = getattr(near, part)
        ratios = (near.weights.billions / billions(row), near.weights.bytes / file_bytes(row))
        speed = scale(Speed(value, value, 1, TRAINED), *ratios)
        found.append(speed.prefill if part == "reads" else speed.decode)
    return found[0], found[1]


def sources_of(machine: Machine, outcome: Outcome) -> tuple[str, bool]:
    """Where the figures of the model in use come from, and whether they are scaled from another model's."""
    used = machine.device if outcome.speed.device else machine.processor
    size = billions(outcome.row)
    own = [each for each in used if abs(each.weights.billions - size) < SAME]
    return ", ".join(dict.fromkeys(each.source for each in own or used)), not own


def set_up(machine: Machine, *, here: Sequence[str] = ()) -> Outcome:
    """What `assist setup` does on a machine whose user agrees to each download; `here` are models it has."""
    listed = rows()
    row = default_row(machine.memory, machine.cores)
    present = {*here, row.name}
    fetched = [row.name] if row.name not in here else []
    while True:
        speed = speed_of(machine, row)
        found = fits(
            candidates(listed, "ghost-text", row),
            lambda other: speed_of(machine, other) if other.name in present else None,
            (row, speed),
            machine.memory,
            wait_for("ghost-text"),
        )
        best = best_of(found)
        if best.row == row:
            return Outcome(row, speed, found, fetched)
        if best.measured:
            row = best.row
        else:
            present.add(best.row.name)
            fetched.append(best.row.name)
