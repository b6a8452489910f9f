"""Measures a model on the processor or on a device: the work of the speed probe's child process.

What crashes or hangs here ends only that process. It remembers nothing, and does not choose.
"""

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from assist_completion.errors import ModelError, NoDeviceError
from assist_completion.inference.devices import open_device
from assist_completion.inference.drafts import BATCHES, worthwhile
from assist_completion.inference.libraries import use_told
from assist_completion.inference.llama import SLICE, Abort, Llama, Load, features, open_llama
from assist_completion.inference.physical_cores import physical_cores

PROMPT = 192  # tokens that are prefilled, and then one of each of BATCHES: as long as 295
ANSWER = 12  # tokens that are decoded for each number of threads; with PROMPT about 2 s on two cores
LONG = 1.0  # seconds; a run that takes as long is not repeated: two of 1.9 s differed by 2 to 5 %
ENOUGH = 0.75  # of the best decoding speed: on two cores one thread gives 0.79, for half the CPU time
QUIET = 0.85  # of a core for each thread; with less, other processes computed too and the figures do not last
SIZES = (100, 1000, 20)  # tokens of a small prompt, of a large one, and written: by these a device is chosen
SLOW = 3.0  # seconds for a small prompt: then a large one is not read, which would take minutes
SLICES = (8, 16, 32, 64, 128, 256, 512)  # tokens of a prompt that a device may read in one call
CALL = 0.03  # seconds that a call may take, since a device cannot be stopped within one
_ARM = ("arm64", "aarch64")
EXIT_UNFIT = 3
EXIT_NO_DEVICE = 4


@dataclass(frozen=True, slots=True)
class Speed:
    """Tokens a second for reading and writing. `trained` is the longest context the model was trained for.

    `decode_threads` is the smallest number that writes at nearly full speed. `quiet` says that nothing else
    kept the cores busy during the measurement. This is the best of `tries`, the last at `tried` (Unix time).
    `flash` says whether flash attention is used. `sizes` are the seconds for `SIZES`, if they were measured.
    `batches` are the sizes in which a draft is best read. `reads` and `writes` are the tokens a second of the
    last answers since then. `device` is the kind of the device, "" for the processor, `name` what it is
    called and its `memory` in bytes, `free` of it before the model came, and `shared` if it is the machine's
    own; it holds `layers` of the model and reads `slice` tokens in a call. `why`: why it cannot be used.
    """

    prefill: float
    decode: float
    decode_threads: int
    trained: int
    quiet: bool = True
    features: str = ""
    tries: int = 1
    tried: float = 0.0
    flash: bool = True
    sizes: Sequence[float] = ()
    device: str = ""
    name: str = ""
    memory: int = 0
    free: int = 0
    shared: bool = False
    layers: int = 0
    slice: int = SLICE
    why: str = ""
    batches: Sequence[int] = BATCHES
    reads: Sequence[float] = ()
    writes: Sequence[float] = ()

    @property
    def reading(self) -> float:
        """Tokens a second to expect of an answer: the median of what was measured and of the last ones."""
        return statistics.median([self.prefill, *self.reads])

    @property
    def writing(self) -> float:
        """The same for writing."""
        return statistics.median([self.decode, *self.writes])


@dataclass(frozen=True, slots=True)
class SpeedTrial:
    """A measurement: a model on a device, or on the processor, at `SIZES` too if that is `compared`.

    A model that only answers need not support infilling. On a battery processors are slower.
    """

    path: str
    threads: int
    infill: bool = True
    device: str = ""
    compared: bool = False
    on_battery: bool = False


def measure(trial: SpeedTrial, *, arm: bool | None = None) -> Speed:
    """Load the model here and time it. Raises `ModelError` if it lacks tokens that infilling needs.

    On ARM the processor is timed without flash attention too, which there can take several times as long.
    """
    threads = trial.threads or physical_cores()
    slice_ = SLICES[-1] if trial.device else SLICE
    load = Load(Path(trial.path), 1024, 1, threads, device=trial.device, slice=slice_)
    speed = _measure_load(load, trial)
    if trial.device or not (platform.machine().lower() in _ARM if arm is None else arm):
        return speed
    return max(speed, _measure_load(replace(load, flash=False), trial), key=lambda speed: speed.prefill)


def measure_open(llama: Llama, trial: SpeedTrial) -> Speed:
    """Time a model that is open here and computes by the processor, in a context of its own.

    Raises `Aborted` once the flag of that model is set.
    """
    threads = trial.threads or physical_cores()
    return _measure_load(replace(llama.load, context=1024, sequences=1, threads=threads), trial, llama)


def _measure_load(load: Load, trial: SpeedTrial, lender: Llama | None = None) -> Speed:
    llama = open_llama(load, lender.abort, lender) if lender else Llama(load, Abort())
    try:
        start = (*llama.fim().head, llama.fim().pre) if trial.infill else llama.head()
        large = SIZES[1]
        tokens = (llama.tokenize("def area(width, height):\n    return width * height\n") * large)[:large]
        llama.decode(0, [*start, tokens[0]], 0)  # the first call also pays for page faults
        slice_ = slice_for(lambda size: _later_seconds(llama, tokens[:size])) if load.device else SLICE
        prefill, quiet = _time(lambda: _read(llama, tokens[:PROMPT], slice_), PROMPT, load.threads)
        decode: dict[int, float] = {}
        for count in sorted({1, 2, load.threads}):
            if count <= load.threads:
                llama.set_threads(count, load.threads)
                decode[count], alone = _time(lambda: _write(llama, tokens[0], PROMPT, ANSWER), ANSWER, count)
                quiet = quiet and alone
        count = next(n for n, speed in decode.items() if speed >= ENOUGH * max(decode.values()))
        seconds = _later_seconds if load.device else _first_seconds
        batches = worthwhile({1: 1 / decode[count], **{n: seconds(llama, tokens[:n]) for n in BATCHES}})
        speed = Speed(prefill, decode[count], count, llama.trained_context(), quiet, features())
        speed = replace(speed, flash=load.flash, batches=batches)
        if trial.compared:
            speed = replace(speed, sizes=_sizes(llama, tokens, slice_))
        if not load.device:
            return speed
        # The first time, the driver compiled what each size needs.
        speed = replace(speed, sizes=_sizes(llama, tokens, slice_))
        device = open_device(load.device)
        speed = replace(
            speed, device=load.device, name=device.description, memory=device.memory, free=device.free
        )
        is_same = device.kind != "gpu" or load.device == "metal"  # which calls itself a card
        return replace(speed, shared=is_same, layers=llama.layers(), slice=slice_, quiet=True)
    finally:
        llama.close()


def slice_for(seconds: Callable[[int], float]) -> int:
    """The largest of `SLICES` that takes at most `CALL` seconds, or the smallest of all.

    >>> slice_for(lambda size: 0.004 + size / 4000), slice_for(lambda size: size / 10)
    (64, 8)
    """
    best = SLICES[0]
    for size in SLICES:
        if seconds(size) > CALL:
            break
        best = size
    return best


def _later_seconds(llama: Llama, tokens: list[int]) -> float:
    """The seconds to read tokens in one call, once the driver has compiled what that needs."""
    _first_seconds(llama, tokens)
    return _first_seconds(llama, tokens)


def _first_seconds(llama: Llama, tokens: list[int]) -> float:
    return _seconds(lambda: _read(llama, tokens, len(tokens)))


def _sizes(llama: Llama, tokens: list[int], slice_: int) -> list[float]:
    """The seconds that `SIZES` take; where a small prompt is slow, the large one is reckoned by its size."""
    small, large, output = SIZES
    first = _seconds(lambda: _read(llama, tokens[:small], slice_))
    whole = _seconds(lambda: _read(llama, tokens, slice_)) if first < SLOW else first * large / small
    return [first, whole, _seconds(lambda: _write(llama, tokens[0], small, output))]


def _seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _time(work: Callable[[], object], tokens: int, threads: int) -> tuple[float, bool]:
    """Tokens a second, in the better of two runs or in one long one, and whether the cores were free."""
    speeds: list[float] = []
    shares: list[float] = []
    while len(speeds) < 2 and (not speeds or tokens / speeds[0] < LONG):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        speeds.append(tokens / wall)
        shares.append(cpu / wall / threads)
    return max(speeds), max(shares) >= QUIET


def _read(llama: Llama, tokens: list[int], slice_: int) -> None:
    llama.truncate(0, 0)
    for start in range(0, len(tokens), slice_):
        llama.decode(0, tokens[start : start + slice_], start)


def _write(llama: Llama, token: int, position: int, count: int) -> None:
    llama.truncate(0, position)
    for i in range(count):
        llama.decode(0, [token], position + i)
    llama.truncate(0, position)


def main(arguments: list[str]) -> int:
    """The child process: prints the speed as JSON, or the reason of a refusal on stderr."""
    try:
        paths, trial = arguments
        use_told(paths)
        speed = measure(SpeedTrial(**json.loads(trial)))
    except ModelError as error:
        sys.stderr.write(str(error))
        return EXIT_NO_DEVICE if isinstance(error, NoDeviceError) else EXIT_UNFIT
    sys.stdout.write(json.dumps(asdict(speed)))
    return 0


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # some drivers crash while they are unloaded
