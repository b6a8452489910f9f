"""What every test gets: no network but loopback, and, where it asks, the real model."""

import gc
import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path

import pytest
from command_runs import GUARD, Assist, process_runner, runner
from pytest_socket import enable_socket, socket_allow_hosts
from rounds import register_profiles

from assist_completion.errors import ModelError
from assist_completion.model_store.store import resolve
from assist_completion.settings import DEFAULT_MODEL
from assist_server.config.config import load_lenient
from assist_server.local_model.opening import engine_folder, open_store, speed_file

register_profiles()

# A file system in memory, where `fsync` costs nothing: the tests of the audit log take a third of the time.
_MEMORY = Path("/dev/shm")  # noqa: S108
_LONGEST = 200  # characters of a text in the name of a test
_ROOM = 6 << 30  # bytes; some tests copy the model


def pytest_configure() -> None:
    """Let the temporary folders of the run be in memory, where that is large enough and may run programs.

    Python keeps what it compiles: each process that a test starts would compile for a second else.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    if "TMPDIR" not in os.environ and sys.platform == "linux" and _MEMORY.is_dir():
        state = os.statvfs(_MEMORY)
        if state.f_bavail * state.f_frsize > _ROOM and not state.f_flag & os.ST_NOEXEC:
            os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


_seconds: Counter[str] = Counter()  # that each test file took


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """With several processes, the first of them gets the reports of all."""
    _seconds[report.nodeid.partition("::")[0]] += report.duration  # type: ignore[assignment]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write what `check_durations` compares, if a whole suite ran: the Makefile says which."""
    if (suite := os.environ.get("SUITE")) and not hasattr(session.config, "workerinput"):
        folder = session.config.rootpath / "build" / "durations"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{suite}.json").write_text(json.dumps(_seconds, indent=1, sort_keys=True))


def pytest_xdist_auto_num_workers() -> int:
    """Two processes for each core: many tests wait for a process or a clock, and half of two cores was idle."""
    return 2 * (os.cpu_count() or 1)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect no garbage meanwhile: 11,500 tests stay, and going through them again took 1 of 5.4 s of CPU."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_make_parametrize_id(val: object) -> str | None:
    """Cut what would put a whole file into a test's name: Windows has no variable for one, and pytest sets it."""
    if isinstance(val, str | bytes) and len(val) > _LONGEST:
        cut = val[:_LONGEST]
        return (cut if isinstance(cut, str) else cut.decode("latin-1")).encode("unicode_escape").decode()
    return None


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a fixture of their module run in one process: else each process would make it."""
    for item in items:
        if isinstance(item, pytest.Function) and not item.get_closest_marker("xdist_group"):
            made = item._fixtureinfo.name2fixturedefs
            if any(made[name][-1].scope == "module" for name in item.fixturenames if name in made):
                item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


@pytest.fixture(autouse=True)
def _only_loopback() -> Iterator[None]:
    socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
    yield
    enable_socket()


@pytest.fixture(scope="session")
def model_path() -> Path:
    """The default model of this machine. Missing, it fails the test: CI has it, so nothing is skipped."""
    try:
        return resolve(open_store(load_lenient()), DEFAULT_MODEL)
    except ModelError as error:
        pytest.fail(f"{error} `make test` does that.")


@pytest.fixture(scope="session")
def shared_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory for all servers of a run, with what `make setup` measured: no test probes again."""
    return _with_measurements(tmp_path_factory.mktemp("data"))


@pytest.fixture
def own_data(tmp_path: Path) -> Path:
    """The data directory of one test, with the same: a probe takes 6 to 11 s of CPU."""
    (tmp_path / "data").mkdir()
    return _with_measurements(tmp_path / "data")


def _with_measurements(data: Path) -> Path:
    measured = speed_file(load_lenient())
    if measured.is_file():
        shutil.copy(measured, data)
    engine = engine_folder(load_lenient())
    if engine.is_dir():
        (data / engine.name).symlink_to(engine)
    return data


def environ_of(config: Path, data: Path, model: Path) -> Mapping[str, str]:
    """The environment of a server with this model; everything it finds is shown."""
    config.mkdir()
    (config / "config.toml").write_text(f'[completion]\nmodel = "{model}"\nmode = "eager"\n')
    return {"ASSIST_CONFIG_DIR": str(config), "ASSIST_DATA_DIR": str(data), "ASSIST_OFFLINE": "1"}


@pytest.fixture
def environ(tmp_path: Path, shared_data: Path, model_path: Path) -> Mapping[str, str]:
    """That of a server of one test with the real model."""
    return environ_of(tmp_path / "config", shared_data, model_path)


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine on which assist was never used."""
    return {"ASSIST_CONFIG_DIR": str(tmp_path / "config"), "ASSIST_DATA_DIR": str(tmp_path / "data")}


@pytest.fixture
def assist(tmp_path: Path, home: dict[str, str]) -> Assist:
    """The command on such a machine."""
    return runner(tmp_path, home)


@pytest.fixture
def assist_without_sockets(tmp_path: Path, home: dict[str, str]) -> Assist:
    """The same in a process in which any use of a socket, also of its children, ends in a traceback."""
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD)
    return process_runner(tmp_path, {**home, "PYTHONPATH": str(tmp_path / "guard")})


@pytest.fixture
def ready_assist(tmp_path: Path, environ: Mapping[str, str]) -> Assist:
    """The command with the real model, already measured. Suggestions are shown whatever their score."""
    return process_runner(tmp_path, environ)
