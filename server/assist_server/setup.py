"""Setting up: which model suits this machine, and making it ready to use.

It knows no terminal: who calls passes what is told and shown on the way.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assist_completion.catalogue import ModelRow, default_row, find
from assist_completion.delivery import FetchOptions, Progress
from assist_completion.generate import Budget
from assist_completion.llama import physical_cores
from assist_completion.pins import read_pins
from assist_completion.probe import Speed, budget_for, speed_of
from assist_completion.settings import is_path
from assist_completion.store import Store, fetch, path_of, resolve
from assist_server.app import speed_file, store_of
from assist_server.cli_errors import CommandError
from assist_server.config import Config, set_model
from assist_server.config_file import read_toml
from assist_server.machine import memory_bytes


@dataclass(frozen=True, slots=True)
class Choice:
    """A model and the reason for it; `row` is None for the path of a file."""

    model: str
    row: ModelRow | None
    why: str


@dataclass(frozen=True, slots=True)
class Ready:
    """A model that can be used. `fetched` and `configured` say what had to be done for it."""

    choice: Choice
    path: Path
    speed: Speed
    budget: Budget
    fetched: bool
    configured: bool


def choose(config: Config, asked: str = "") -> Choice:
    """The model that the user asked for, else the one config.toml names, else what suits the machine."""
    if asked:
        return _choice(store_of(config), absolute(asked), "you asked for it")
    _, data = read_toml(config.paths.config_file)
    table = data.get("completion")
    if isinstance(table, dict) and "model" in table:
        return _choice(store_of(config), config.completion.model, f"{config.paths.config_file} names it")
    memory, cores = memory_bytes(), physical_cores()
    row = default_row(memory, cores)
    size = f" and {memory / 2**30:.0f} GB of memory" if memory else ""
    return Choice(row.name, row, f"the fastest that is good enough for {cores} cores{size}")


def prepare(config: Config, choice: Choice, options: FetchOptions, progress: Progress) -> Ready:
    """Fetch the model unless it is here, measure it unless it was, and write it into config.toml if need be.

    Blocks for as long as that takes; raises `FetchError` or `ModelError`.
    """
    raise NotImplementedError


def absolute(model: str) -> str:
    """A model as it stands in config.toml: a path in full, since there it would start elsewhere."""
    return str(Path(model).expanduser().absolute()) if is_path(model) else model
