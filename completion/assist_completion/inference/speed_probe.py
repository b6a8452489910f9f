"""The speed of a model on this machine, and the tokens that fit a budget of time.

The model is first opened in a child process. A broken file that crashes llama.cpp kills only the child, and a
file without infilling tokens is refused before anything depends on it. Where the library has a part for a
device, that is measured too, and what is faster is used. Measurements are remembered by machine, file and
library, a device's by its driver, so later starts cost nothing. What is expected of answers follows
what the last ones took.
"""

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from assist_completion.errors import DeviceError, ModelError
from assist_completion.inference.answer_generation import (
    AnsweringModel,
    AnswerRun,
    choose_answering_model,
    no_answering_model,
)
from assist_completion.inference.devices import driver_state, failure, part_here
from assist_completion.inference.generation import Model, TokenBudget
from assist_completion.inference.libraries import (
    ILLEGAL_INSTRUCTION,
    REMEDIES,
    child_command,
    library_file,
    library_sources,
)
from assist_completion.inference.llama import SLICE, Abort, Load, open_llama
from assist_completion.inference.physical_cores import physical_cores, processor_facts
from assist_completion.inference.prefix_cache import PrefixCache
from assist_completion.inference.speed_trial import (
    EXIT_NO_DEVICE,
    EXIT_UNFIT,
    Speed,
    SpeedTrial,
    measure_open,
)
from assist_completion.prompt.layout import FAR, Extent
from assist_completion.prompt.token_healing import Healer
from assist_completion.settings import CompletionSettings, DeviceChoice
from assist_context import durable_files

# Tokens that are read at a new place on any machine, a fifth of them from below the cursor. Of 50 lines of
# five repositories the 0.5B wrote 14 right with 150 + 40 tokens, 5 with 72 + 24 and 16 with 474 + 80; the
# 1.5B 23, 12 and 24.
NEW_PLACE = 190
WINDOW = 8192  # tokens of question and answer: 99 MB for a 0.5B while it answers, 224 MB for a 1.5B
# A measurement that was not quiet is repeated, but rarely: where two threads share a core it never is quiet.
TRIES = 3
AGAIN = 600.0  # seconds between two tries; what disturbed the first is mostly over by then
ANSWERS = 9  # answers whose speed is remembered: their median hardly follows one that was disturbed
WRITTEN = 16  # tokens that an answer must have written to be counted
NO_DEVICE = "there is none, or no driver for it."
NO_PART = "the llama.cpp in use does not support one; `assist setup` offers support if there is any."
_QUIET = (NO_DEVICE, NO_PART)  # nothing that a user should hear of who did not ask for a device
TIMEOUT = 300.0  # seconds; a 7B model from a cold disk takes minutes
DEVICE_TIMEOUT = 60.0  # seconds, shaders included: a device that takes longer is none


@dataclass(frozen=True, slots=True)
class Speeds:
    """The speed of a model by the processor and, if the library has a part for one, by a device."""

    processor: Speed
    device: Speed | None = None
    wanted: DeviceChoice = "auto"

    @property
    def used(self) -> Speed:
        """The speed that counts: the device's if it works, and is wanted or faster."""
        device = self.device
        if device is None or device.why or (self.wanted == "auto" and not is_faster(device, self.processor)):
            return self.processor
        return replace(device, decode_threads=self.processor.decode_threads)  # if the device fails later

    @property
    def words(self) -> str:
        """Describe the measured device and processor, and which is used; "" without a device."""
        if self.trouble or self.device is None or not (self.device.sizes and self.processor.sizes):
            return self.trouble
        pairs = zip(self.device.sizes, self.processor.sizes, strict=True)
        small, large, output = (
            f"{device:.2g} s (processor {processor:.2g} s)" for device, processor in pairs
        )
        subject = "It" if self.used.device else "The processor"
        return (
            f"{self.device.name} reads 100 tokens in {small}, 1,000 in {large}, and writes 20 in {output}. "
            f"{subject} is used."
        )

    @property
    def trouble(self) -> str:
        """Say why a device that is there or wanted is not used; "" if the processor is faster."""
        why = self.device.why if self.device is not None else NO_PART
        on_gpu = self.wanted == "gpu"
        return f"The graphics device is not used: {why}" if why and (on_gpu or why not in _QUIET) else ""


def is_faster(device: Speed, processor: Speed) -> bool:
    """Say if a device is faster at our sizes: at a new place, and at an answer or a file that is read ahead.

    The small prompt and the large one weigh the same, each with what is written after it.

    >>> processor = Speed(110, 30, 1, 32768, sizes=(0.9, 9.0, 0.6))
    >>> is_faster(Speed(200, 9, 1, 32768, sizes=(0.5, 5.0, 2.2)), processor)  # an integrated one
    False
    >>> is_faster(Speed(2500, 90, 1, 32768, sizes=(0.05, 0.4, 0.2)), processor)
    True
    """

    def waits(speed: Speed) -> float:
        small, large, output = speed.sizes
        return (small + output) * (large + output)

    return waits(device) < waits(processor)


def measure_speeds(
    trial: SpeedTrial,
    choice: DeviceChoice,
    memory: Path,
    *,
    say: Callable[[str], None] = lambda _: None,
    patience: float = DEVICE_TIMEOUT,
    again: bool = False,
) -> Speeds:
    """The remembered speeds of a model on this machine, else from new probes, which are said.

    A probe of the processor takes about two seconds, and ten where there is a device to compare it with.
    A device has `patience` seconds. A measurement that was made while other processes kept the cores busy, or
    a device failed, is repeated later, a few times, once the machine is free; `again` repeats one of a busy
    machine now.
    """
    kind = part_here() if choice != "cpu" else ""
    device = None
    if kind:
        device = _measure_speed(replace(trial, device=kind), memory, patience, say)
    is_choice = device is not None and not device.why and choice == "auto"
    processor = _measure_speed(replace(trial, compared=is_choice), memory, TIMEOUT, say, again=again)
    return Speeds(processor, device, choice)


def _measure_speed(
    trial: SpeedTrial, memory: Path, timeout: float, say: Callable[[str], None], *, again: bool = False
) -> Speed:
    key = _key(trial)
    old = _read_memory(memory).get(key)
    if old is not None and trial.compared and not old.sizes:
        old = None
    if old is not None:
        again = (again and not old.quiet) or needs_probe(old, time.time(), busy=is_busy())
        if not again:
            return old
        trial = replace(trial, compared=trial.compared or bool(old.sizes))
    say(f"measuring how fast the model runs {'on the graphics device' if trial.device else 'here'}")
    try:
        new = _probe(trial, timeout)
    except DeviceError as error:
        new = Speed(0.0, 0.0, 1, 0, quiet=False, device=trial.device, why=str(error))
    return _remember(memory, key, choose_best(old, new, time.time()))


def measure_again(trial: SpeedTrial, memory: Path, model: Model) -> Speed:
    """Measure an open model that computes by the processor once more, and remember the better result.

    To be called on the owner thread. Raises `Aborted` if that is interrupted.
    """
    key = _key(trial)
    new = measure_open(model.llama, trial)
    return _remember(memory, key, choose_best(_read_memory(memory).get(key), new, time.time()))


def note_answer(trial: SpeedTrial, memory: Path, run: AnswerRun) -> float:
    """Remember how fast a model read and wrote an answer. Returns what to expect of the next: its `reading`.

    0 if its speed is not known. Few tokens say nothing, and a draft is written faster than other text.
    """
    old = _read_memory(memory).get(key := _key(trial))
    if old is None or (trial.device and failure()):
        return 0.0
    new = old
    if run.evaluated >= SLICE and run.ms.prefill:
        new = replace(new, reads=[*old.reads, 1e3 * run.evaluated / run.ms.prefill][-ANSWERS:])
    if len(run.written) >= WRITTEN and run.ms.decode and not run.conversation.draft:
        new = replace(new, writes=[*old.writes, 1e3 * len(run.written) / run.ms.decode][-ANSWERS:])
    return (_remember(memory, key, new) if new is not old else old).reading


def _remember(memory: Path, key: str, speed: Speed) -> Speed:
    _write_memory(memory, {**_read_memory(memory), key: speed})
    return speed


def needs_probe(speed: Speed, now: float, *, busy: bool) -> bool:
    """Return whether a measurement should be repeated.

    >>> needs_probe(Speed(90, 20, 1, 32768), 1e9, busy=False)
    False
    >>> hasty = Speed(90, 20, 1, 32768, quiet=False, tried=1e9)
    >>> needs_probe(hasty, 1e9 + 60, busy=False), needs_probe(hasty, 1e9 + 7200, busy=False)
    (False, True)
    """
    return not (speed.quiet or busy or speed.tries >= TRIES or now - speed.tried < AGAIN)


def choose_best(old: Speed | None, new: Speed, now: float) -> Speed:
    """The faster of two measurements: what else ran meanwhile can only have slowed a model down."""
    if old is None:
        return replace(new, tried=now)
    best = new if new.quiet or new.prefill >= old.prefill else old
    return replace(best, quiet=new.quiet, tries=old.tries + 1, tried=now)


def budget_for(speed: Speed, settings: CompletionSettings) -> TokenBudget:
    """The budget for this speed: 0.75 s to read a new place, 4 s for a full head, 0.6 s to write a line.

    At least `NEW_PLACE` tokens are read at a new place, and all that the settings ask for.
    """
    suffix = _between(80, int(0.6 * speed.prefill), 400)
    full = _between(400, int(4 * speed.prefill), 2400)
    small = max(NEW_PLACE, int(0.75 * speed.prefill))
    if settings.context_tokens:
        suffix = min(suffix, settings.context_tokens // 5)
        full = settings.context_tokens - suffix
        small = settings.context_tokens
    below = min(suffix, small // 5)
    small = min(small, full + suffix)
    line = _between(16, int(0.6 * speed.decode), 32)
    block = _between(48, int(2 * speed.decode), 128)
    room = full + suffix + 2200  # typed text after the anchor, answers, snippets
    return TokenBudget(
        full=Extent(full, suffix, lines_after=24, snapped=True),
        small=Extent(small - below, below, lines_after=12, snapped=False, far=FAR),
        line_tokens=line,
        block_tokens=block,
        snippets=int(0.4 * full),
        context=min(speed.trained, -(-room // 256) * 256),
        exact=bool(settings.context_tokens),
    )


def answering_load(path: Path, speed: Speed, threads: int) -> Load:
    """Return parameters for answers: one sequence of `WINDOW` tokens, or fewer if trained for fewer."""
    return replace(ghost_text_load(path, speed, threads), context=min(WINDOW, speed.trained), sequences=1)


def ghost_text_load(path: Path, speed: Speed, threads: int = 0) -> Load:
    """Return how to open a model that writes ghost text, with two sequences."""
    load = Load(path, threads=threads, decode_threads=speed.decode_threads, flash=speed.flash)
    return replace(load, device=speed.device, slice=speed.slice, batches=tuple(speed.batches))


def opener(
    load: Load,
    settings: CompletionSettings,
    budget: TokenBudget,
    answering: Load | None = None,
    spare: TokenBudget | None = None,
) -> Callable[[Abort], Model]:
    """A function that opens the model on the thread that will own it.

    The model that answers is opened later, at the first question. `spare` is the budget for the processor,
    where that has to go on for a device that fails.
    """

    def open_model(abort: Abort) -> Model:
        llama = open_llama(replace(load, context=budget.context), abort)
        try:
            fim, pieces = llama.fim(), llama.pieces()
        except ModelError:
            llama.close()
            raise
        prefix_cache = PrefixCache(llama, settings.snapshot_mb << 20)
        if answering is None:
            answering_model = AnsweringModel(no_answering_model)
        else:
            answering_model = choose_answering_model(answering, abort, llama)
        healer = Healer(pieces, fim.special)
        mine = budget if spare is None or llama.load.device else spare
        return Model(llama, fim, healer, pieces, prefix_cache, mine, answering_model)

    return open_model


def _between(low: int, value: int, high: int) -> int:
    return max(low, min(value, high))


def _probe(trial: SpeedTrial, timeout: float) -> Speed:
    """Measure in a child. Raises `DeviceError` for whatever a device does, and else `ModelError`."""
    try:
        process = subprocess.run(
            child_command("assist_completion.inference.speed_trial", json.dumps(asdict(trial))),
            stdin=subprocess.DEVNULL,  # the server's own is an editor's pipe, on which Windows would wait
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        if trial.device:
            raise DeviceError(f"{trial.device} took longer than {timeout:.0f} s to be measured.") from None
        raise ModelError(
            f"{trial.path} did not load within {timeout:.0f} s; choose a smaller model."
        ) from None
    if process.returncode == 0:
        return Speed(**json.loads(process.stdout))
    if trial.device:
        if process.returncode == EXIT_NO_DEVICE:
            raise DeviceError(NO_DEVICE)
        message = process.stderr.strip() if process.returncode == EXIT_UNFIT else ""
        raise DeviceError(message or f"{trial.device} crashes (exit {process.returncode}).")
    raise probe_failure(Path(trial.path), process.returncode, process.stderr)


def probe_failure(path: Path, code: int, message: str) -> ModelError:
    """Return why the child that measures a model ended with this exit code: the model, or the library."""
    if code == EXIT_UNFIT:
        return ModelError(message.strip())
    if code in ILLEGAL_INSTRUCTION:
        source = library_sources()[0]
        return ModelError(
            f"{source.build} in {source.folder} uses instructions that this processor does not have. "
            f"{REMEDIES[source.origin]}."
        )
    return ModelError(
        f"{path} crashes llama.cpp (exit {code}): the file is damaged or too new. "
        "Check it with `assist models verify`, or fetch it again."
    )


def is_busy() -> bool:
    """Return whether more than half of the cores have been busy during the last minute."""
    return hasattr(os, "getloadavg") and os.getloadavg()[0] > 0.5 * physical_cores()


def _key(trial: SpeedTrial) -> str:
    path = Path(trial.path)
    facts = path.stat()
    device = (trial.device, driver_state()) if trial.device else ()
    about = (str(path.resolve()), facts.st_size, facts.st_mtime_ns, trial.threads, trial.on_battery)
    parts = (*about, *processor_facts(), *_library(), *device)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:24]


def _library() -> tuple[str, float]:
    """The library that would run, and when its file was last changed. It is not loaded for that."""
    source = next(iter(library_sources()), None)
    file = library_file(source.folder, "llama") if source else None
    return (source.words if source else "", file.stat().st_mtime if file else 0.0)


def _read_memory(memory: Path) -> dict[str, Speed]:
    try:
        return {key: Speed(**value) for key, value in json.loads(memory.read_text("utf-8")).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}  # missing or damaged: measure again


def _write_memory(memory: Path, measured_speeds: dict[str, Speed]) -> None:
    memory.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    speeds = {key: asdict(speed) for key, speed in measured_speeds.items()}
    durable_files.replace(memory, json.dumps(speeds).encode())
