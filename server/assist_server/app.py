"""The composition root: the one place where configuration becomes running parts."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assist_completion.engine import Engine
from assist_completion.errors import ModelError
from assist_completion.probe import Speed, budget_for, opener, speed_of
from assist_completion.settings import is_path
from assist_completion.store import Store, resolve
from assist_completion.worker import Worker
from assist_server.config import Config

OPEN_TIMEOUT = 300.0  # seconds; a large model from a cold disk


@dataclass(frozen=True, slots=True)
class Opened:
    """A running engine, and what is known about its model."""

    engine: Engine
    path: Path
    speed: Speed
    seconds: float


def store_of(config: Config) -> Store:
    """Where this user's models are."""
    return Store(config.paths.data / "models")


def speed_file(config: Config) -> Path:
    """Where the probe's results are remembered."""
    return config.paths.data / "speed.json"


def open_engine(config: Config, say: Callable[[str], None] = lambda _: None) -> Opened:
    """Find the model, probe it if this machine never did, and start it. Blocks; raises `ModelError`."""
    start = time.perf_counter()
    settings = config.completion
    path = resolve(store_of(config), settings.model)
    say("measuring how fast the model runs here")
    speed = speed_of(path, settings.threads, speed_file(config))
    budget = budget_for(speed, settings)
    say("loading the model")
    worker = Worker(opener(path, settings, budget, speed.decode_threads))
    try:
        worker.opened.result(OPEN_TIMEOUT)
    except TimeoutError:
        worker.close(0)
        raise ModelError(
            f"{path} did not load within {OPEN_TIMEOUT:.0f} s; choose a smaller model."
        ) from None
    name = path.stem if is_path(settings.model) else settings.model
    return Opened(Engine(worker, settings, budget, name), path, speed, time.perf_counter() - start)
