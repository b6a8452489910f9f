"""Setting up: which model suits this machine, and making it ready to use.

It knows no terminal: the caller passes functions that show messages and progress.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assist_completion.errors import DeviceError
from assist_completion.inference.devices import part_here
from assist_completion.inference.generation import TokenBudget
from assist_completion.inference.libraries import LibrarySource, library_sources, part_file, trouble
from assist_completion.inference.physical_cores import physical_cores
from assist_completion.inference.speed_probe import budget_for
from assist_completion.inference.speed_trial import Speed
from assist_completion.model_store.catalogue import ModelRow, find
from assist_completion.model_store.engine import EngineRow, engine_rows, machine_name
from assist_completion.model_store.store import Store, get_path, verified_file
from assist_completion.settings import is_path
from assist_installer.device_search import find_device, find_drivers
from assist_installer.errors import FetchError
from assist_installer.fetching.engines import fetch_engine, forget_engine
from assist_installer.fetching.model_files import fetch, is_accepted
from assist_installer.fetching.partial_download import FetchOptions, Progress
from assist_installer.fitting import Fitting, candidates, fits, wait_for
from assist_server.config.config import Config, Role, answering_model, list_roles, set_role
from assist_server.config.toml_file import read_toml
from assist_server.local_model.machine import memory_bytes
from assist_server.local_model.opening import engine_folder, measure_model, open_store, use_libraries
from assist_server.local_model.roles import check_fitness

SMALL = "qwen2.5-coder-0.5b"
MIDDLE = "qwen2.5-coder-1.5b"

MIDDLE_CORES = 8  # the 1.5B reads a cold head of 1,567 tokens in 17 s on two cores: about 4 s on eight
# File, caches and snapshots take 2 to 3 GB. The rest is for the editor and the browser.
MIDDLE_BYTES = 8 * 2**30


@dataclass(frozen=True, slots=True)
class Requested:
    """The user asked for the model."""


@dataclass(frozen=True, slots=True)
class NamedIn:
    """A configuration file names the model."""

    file: Path


@dataclass(frozen=True, slots=True)
class SuitsMachine:
    """The model suits this machine; `memory` is in bytes, 0 if unknown."""

    cores: int
    memory: int


ChoiceReason = Requested | NamedIn | SuitsMachine


@dataclass(frozen=True, slots=True)
class Choice:
    """A model, the reason for it and what it is for. `row` is None for the path of a file."""

    model: str
    row: ModelRow | None
    reason: ChoiceReason
    role: Role = "ghost-text"


@dataclass(frozen=True, slots=True)
class SetupProgress:
    """Functions that show what happens: messages, and how many bytes of a total have arrived."""

    say: Callable[[str], None]
    progress: Progress


@dataclass(frozen=True, slots=True)
class ReadyModel:
    """A model that can be used. `fetched` and `configured` say what had to be done for it.

    `config` is the configuration with it.
    """

    config: Config
    choice: Choice
    path: Path
    speed: Speed
    budget: TokenBudget
    fetched: bool
    configured: bool


def choose(config: Config, requested: str = "", role: Role = "ghost-text") -> Choice:
    """The model that the user asked for, else the one in config.toml, else the one that suits the machine."""
    if requested:
        return _choice(open_store(config), absolute(requested), Requested(), role)
    memory = memory_bytes()
    cores = physical_cores()
    if role == "answers":
        file = config.paths.config_file
        reason = NamedIn(file) if config.answers.model else SuitsMachine(cores, memory)
        return _choice(open_store(config), answering_model(config), reason, role)
    _, data = read_toml(config.paths.config_file)
    table = data.get("completion")
    if isinstance(table, dict) and "model" in table:
        return _choice(open_store(config), config.completion.model, NamedIn(config.paths.config_file), role)
    row = default_row(memory, cores)
    return Choice(row.name, row, SuitsMachine(cores, memory), role)


def default_row(memory_bytes: int, cores: int) -> ModelRow:
    """The model to start with on a machine with this much memory and this many physical cores, without a GPU.

    It is a tested model that can also be fetched on a closed network. The user may choose any other.
    """
    roomy = cores >= MIDDLE_CORES and memory_bytes >= MIDDLE_BYTES
    return find(MIDDLE if roomy else SMALL)


def prepare(config: Config, choice: Choice, options: FetchOptions, watch: SetupProgress) -> ReadyModel:
    """Make a model ready: fetch it, measure it and write it into config.toml, each only if necessary.

    Blocks for as long as that takes. Raises `FetchError`, `ModelError` or `ConfigError`.
    """
    path, speed, fetched = fetch_and_measure(config, choice, options, watch)
    wanted = {"ghost-text", "answers"} if choice.role == "both" else {choice.role}
    configured = not wanted <= set(list_roles(config, choice.model))
    if configured:  # only now, so that a model that does not work is never put to use
        config = set_role(config, choice.model, choice.role)
    return ReadyModel(config, choice, path, speed, budget_for(speed, config.completion), fetched, configured)


def fetch_and_measure(
    config: Config, choice: Choice, options: FetchOptions, watch: SetupProgress
) -> tuple[Path, Speed, bool]:
    """The file of a model, its speed, and whether it was fetched; config.toml stays as it is."""
    use_libraries(config)
    store = open_store(config)
    fetched = False
    if choice.row is not None and not is_accepted(store, choice.row):
        before = get_path(store, choice.row).is_file()
        fetch(store, choice.row, options, watch.progress, watch.say)
        fetched = not before
    path = verified_file(store, choice.model, watch.say)
    infill = choice.role != "answers"
    speeds = measure_model(config, path, infill=infill, say=watch.say)
    if speeds.words:
        watch.say(speeds.words)
    return path, speeds.used, fetched


def device_offer(config: Config) -> tuple[str, EngineRow] | None:
    """What a graphics device of this machine is called, and the package with a part for it.

    None if there is none, if it is not wanted, or if the llama.cpp in use has the part or is the user's own.
    """
    use_libraries(config)
    sources = library_sources()
    own = bool(sources) and sources[0].origin in ("named", "native")
    if config.completion.device == "cpu" or own or part_here():
        return None
    for kind in find_drivers():
        row = engine_rows().get(f"{machine_name()}-{kind}")
        asked = next((source for source in sources if part_file(source, kind)), None)
        try:
            name = find_device(kind, asked).description if asked else f"a driver for {kind}"
        except DeviceError:
            continue
        if row is not None:
            return name, row
    return None


def set_up_engine(
    config: Config, options: FetchOptions, say: Callable[[str], None], row: EngineRow | None = None
) -> LibrarySource:
    """Fetch the llama.cpp for this machine and try it, in a process of its own. One that fails is deleted.

    Without `row`, it is the one that is here, or the one for processors. Raises `FetchError` with what to do.
    """
    folder = engine_folder(config)
    row, place = fetch_engine(folder, row, options, say)
    source = LibrarySource("fetched", row.build, place)
    if why := trouble(source):
        forget_engine(folder)
        raise FetchError(f"{row.build} does not run here, and was deleted: {why}")
    return source


def fits_here(config: Config, choice: Choice, speed: Speed, say: Callable[[str], None]) -> list[Fitting]:
    """The models that could do what `choice`, with its `speed`, is for; see `fitting.fits`.

    What is here is measured. Empty if the user named the model.
    """
    start = choice.row
    if start is None or not isinstance(choice.reason, SuitsMachine):
        return []
    store = open_store(config)
    infill = choice.role != "answers"

    def measure(row: ModelRow) -> Speed | None:
        path = get_path(store, row)
        return measure_model(config, path, infill=infill, say=say).used if is_accepted(store, row) else None

    rows = candidates(store.rows, choice.role, start)
    return fits(rows, measure, (start, speed), choice.reason.memory, wait_for(choice.role))


def absolute(model: str) -> str:
    """A model as config.toml names it: a path is absolute, since a relative one would start elsewhere."""
    return str(Path(model).expanduser().absolute()) if is_path(model) else model


def _choice(store: Store, model: str, reason: ChoiceReason, role: Role) -> Choice:
    row = None if is_path(model) else find(model, store.rows)
    if row is not None:
        check_fitness(row, role)
    return Choice(model, row, reason, role)
