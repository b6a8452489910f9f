"""The composition root: the one place where the configuration becomes running models."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from assist_completion.engine.answer_stream import Answerer, AnsweringFacts, open_answers
from assist_completion.engine.engine import Engine
from assist_completion.engine.guest_jobs import GuestJobs
from assist_completion.engine.idle_probe import IdleProbe
from assist_completion.errors import ModelError
from assist_completion.inference.answer_generation import AnswerOnly, AnswerRun
from assist_completion.inference.devices import failure, give_up, tell_failure, watch_crashes
from assist_completion.inference.generation import Model
from assist_completion.inference.libraries import LibrarySource, library_in_use, use
from assist_completion.inference.llama import Load
from assist_completion.inference.speed_probe import (
    TRIES,
    Speeds,
    answering_load,
    budget_for,
    ghost_text_load,
    is_busy,
    measure_again,
    measure_speeds,
    note_answer,
    opener,
)
from assist_completion.inference.speed_trial import Speed, SpeedTrial
from assist_completion.inference.worker import Worker
from assist_completion.model_store.engine import installed_engine
from assist_completion.model_store.store import Store, verified_file
from assist_completion.settings import model_name
from assist_server.config.config import Config, answering_model
from assist_server.local_model.machine import SUPPLIES, discharges

log = logging.getLogger(__name__)

OPEN_TIMEOUT = 300.0  # seconds; a large model from a cold disk


@dataclass(frozen=True, slots=True)
class OpenedModels:
    """A running engine, one for guests, the model that answers, and what is known about the engine's model.

    `guests` has texts and times of its own, and the thread of the other one, which goes first.
    `model` is what suggestions call it, `library` the llama.cpp that runs it, in words, and `trouble` why it
    runs without the graphics device, if that is there and failed. `probe` measures a speed again that was
    measured on a busy machine.
    """

    engine: Engine
    answers: Answerer[Model]
    path: Path
    speed: Speed
    seconds: float
    model: str = ""
    library: str = ""
    guests: Engine | None = None
    trouble: str = ""
    probe: IdleProbe[Model] | None = None


def open_store(config: Config) -> Store:
    """The store with this user's models."""
    return Store(config.paths.data / "models")


def speed_file(config: Config) -> Path:
    """The file that keeps the probe's measurements."""
    return config.paths.data / "speed.json"


def engine_folder(config: Config) -> Path:
    """The folder with the fetched llama.cpp."""
    return config.paths.data / "engine"


def use_libraries(config: Config) -> None:
    """Have the llama.cpp that the settings name, or the fetched one, used from now on; see `libraries.use`.

    Raises `ModelError` if the fetched one is damaged.
    """
    sources = []
    if name := config.completion.library:
        sources.append(LibrarySource("named", name, Path(name)))
    elif (engine := installed_engine(engine_folder(config))) is not None:
        row, folder = engine
        sources.append(LibrarySource("fetched", row.build, folder))
    use(*sources)


def measure_model(
    config: Config,
    path: Path,
    *,
    infill: bool = True,
    say: Callable[[str], None] = lambda _: None,
    again: bool = False,
) -> Speeds:
    """Return how fast a model is, as `measure_speeds` says it."""
    trial = replace(_trial(config, path), infill=infill)
    return measure_speeds(trial, config.completion.device, speed_file(config), say=say, again=again)


def _trial(config: Config, path: Path, device: str = "") -> SpeedTrial:
    """Return what is known of a model's speed at this moment: laptops are slower on battery."""
    threads = config.completion.threads
    return SpeedTrial(str(path), threads, device=device, on_battery=discharges(SUPPLIES))


def library_words(speed: Speed) -> str:
    """The llama.cpp that runs, and the device that computes in place of the processor."""
    words = library_in_use().words
    return f"{words} on {speed.name} ({speed.device})" if speed.device and not failure() else words


def open_engine(config: Config, say: Callable[[str], None] = lambda _: None) -> OpenedModels:
    """Find the model, measure its speed unless that is known, and start it. Blocks; raises `ModelError`."""
    start = time.perf_counter()
    settings = config.completion
    use_libraries(config)
    path = verified_file(open_store(config), settings.model, say)
    speeds = measure_model(config, path, say=say)
    speed = speeds.used
    budget = budget_for(speed, settings)
    name = model_name(settings.model)
    say(f"loading {name}")
    answering, facts = _answering(config, path, speed, say)
    load = ghost_text_load(path, speed, settings.threads)
    spare = budget_for(speeds.processor, settings)
    tell_failure(say)
    on_device = bool(load.device or answering.device)
    if on_device and watch_crashes(config.paths.data / "device"):
        give_up("assist crashed while using it. It will be tried again at the next start.")
    worker = Worker(opener(load, settings, budget, answering, spare), on_device=on_device)
    try:
        worker.opened.result(OPEN_TIMEOUT)
    except TimeoutError:
        worker.close(0)
        raise ModelError(
            f"{path} did not load within {OPEN_TIMEOUT:.0f} s; choose a smaller model."
        ) from None
    engine = Engine(worker, settings, budget, name)
    return OpenedModels(
        engine,
        Answerer(worker, facts),
        path,
        speed,
        time.perf_counter() - start,
        name,
        library_words(speed),
        Engine(GuestJobs(worker), settings, budget, name),
        failure() or speeds.trouble,
        _idle_probe(config, path, speed, worker),
    )


def _idle_probe(config: Config, path: Path, speed: Speed, worker: Worker[Model]) -> IdleProbe[Model] | None:
    """Start a probe that measures a busy processor again. What is measured counts from the next start on."""
    if speed.device or speed.quiet or speed.tries >= TRIES:
        return None

    def measure(model: Model) -> bool:
        new = measure_again(_trial(config, path), speed_file(config), model)
        return new.quiet or new.tries >= TRIES

    return IdleProbe(worker, measure, is_busy)


def _answering(
    config: Config, path: Path, speed: Speed, say: Callable[[str], None]
) -> tuple[Load, AnsweringFacts]:
    """Return how to load the model that answers, and what is known about it.

    If it is missing, the model for ghost text answers.
    """
    name = answering_model(config)
    if name != config.completion.model:
        try:
            path = verified_file(open_store(config), name, say)
        except ModelError as error:
            log.warning("%s Meanwhile %s answers.", error, config.completion.model)
        else:
            speed = measure_model(config, path, infill=False, say=say).used
    load = answering_load(path, speed, config.completion.threads)
    return load, _answering_facts(config, load, speed)


def _answering_facts(config: Config, load: Load, speed: Speed) -> AnsweringFacts:
    """Return what is known about the model that answers, and learned from its answers."""

    def learn(run: AnswerRun) -> float:
        return note_answer(_trial(config, load.path, load.device), speed_file(config), run)

    name = answering_model(config)
    return AnsweringFacts(name, load.context, prefill=speed.reading, file=load.path, learn=learn)


def open_local(config: Config, say: Callable[[str], None] = lambda _: None) -> Answerer[AnswerOnly]:
    """The model that answers, alone in this process. Blocks; raises `ModelError`."""
    name = answering_model(config)
    use_libraries(config)
    path = verified_file(open_store(config), name, say)
    speed = measure_model(config, path, infill=False, say=say).used
    say(f"loading {model_name(name)}")
    tell_failure(say)
    load = answering_load(path, speed, config.completion.threads)
    facts = replace(_answering_facts(config, load, speed), model=model_name(name))
    return open_answers(load, facts)
