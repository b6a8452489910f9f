"""Which command tests a repository, what it has to see in the sandbox, and how it runs only some tests.

It looks at the names of files and at a few files of settings, and runs nothing. It knows the conventions of
pytest, unittest, npm with jest, vitest and mocha, cargo and go.
"""

import json
import os
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, Literal

from assist_context.evidence.mentions import is_test
from assist_server.errors import UserError
from assist_server.evaluation.sandbox.sandbox import PLAIN_VIEW, SandboxView, login_home

Runner = Literal["pytest", "unittest", "jest", "vitest", "npm", "cargo", "go", "own"]

_DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin"
_TEST_FOLDERS = ("tests", "test")
_SETTINGS_OF_PYTEST = {
    "pytest.ini": "",
    ".pytest.ini": "",
    "pyproject.toml": "[tool.pytest",
    "setup.cfg": "[tool:pytest]",
    "tox.ini": "[pytest]",
}
_LARGEST = 1 << 20  # bytes of a file of settings
_SHELL = re.compile(r"[;&|<>$`(){}\\*?\n]")
GO_CACHE = ".assist-go-cache"  # go leaves folders out whose names begin with a dot


@dataclass(frozen=True, slots=True)
class TestCommand:
    """A command that runs tests, with the variables it needs and what it sees.

    `proof` is an expression that its output has after tests passed, unless a program ended early with 0.
    """

    __test__: ClassVar[bool] = False  # pytest takes any class with this beginning for a test

    words: tuple[str, ...]
    runner: Runner
    view: SandboxView = PLAIN_VIEW
    environ: Mapping[str, str] = field(default_factory=dict)
    proof: str = ""


def find_test_command(root: Path, path: str = _DEFAULT_PATH, own: str = "") -> tuple[TestCommand, ...]:
    """The commands that test a repository, most likely first; only the user's `own`, if there is one.

    `path` is the user's PATH: programs are looked up in it. Raises UserError if `own` has an open quote.
    """
    top = root.resolve()
    found = _own(top, path, own) if own else _known_commands(top, path)
    return tuple(
        replace(each, view=replace(each.view, place=top), environ={"PATH": path, **each.environ})
        for each in found
    )


def _known_commands(top: Path, path: str) -> Iterator[TestCommand]:
    yield from _python(top, path)
    yield from _node(top, path)
    yield from _cargo(top, path)
    yield from _go(top, path)


def _own(top: Path, path: str, own: str) -> Iterator[TestCommand]:
    """The user's words. They see what any of the known runners would see."""
    try:
        words = tuple(shlex.split(own))
    except ValueError as error:
        raise UserError(f"The test command {own!r} cannot be read ({error}): close its quotes.") from error
    if not words:
        raise UserError("The test command is empty: name a program, such as `make test`.")
    others = list(_known_commands(top, path))
    program = shutil.which(words[0], path=path)
    python = _interpreter(top, path)
    readable = [each for other in others for each in other.view.readable]
    readable += [*_python_places(python)] if python else []
    readable += _prefix_of(Path(program)) if program else []
    folders = {folder: None for other in others for folder in other.view.folders}
    environ = {name: value for other in others for name, value in other.environ.items()}
    view = SandboxView(tuple(dict.fromkeys(readable)), folders=tuple(folders))
    yield TestCommand(words, "own", view, {**environ, "PYTHONDONTWRITEBYTECODE": "1"})


def _python(top: Path, path: str) -> Iterator[TestCommand]:
    configured = any(
        mark in _text(top / name) for name, mark in _SETTINGS_OF_PYTEST.items() if (top / name).is_file()
    )
    if not configured and not _has_python_tests(top):
        return
    python = _interpreter(top, path)
    if python is None:
        return
    places = tuple(_python_places(python))
    environ = {"PYTHONDONTWRITEBYTECODE": "1"}
    if configured or _has_package(places, python, "pytest"):
        # The number wins over -q and -v in the repository's settings, and the last line says what passed.
        options = ("-x", "--verbosity=-1", "-p", "no:cacheprovider")
        words = (str(python), "-m", "pytest", *options)
        yield TestCommand(words, "pytest", SandboxView(places), environ, r"\b[1-9]\d* passed\b")
    else:
        run_all = (str(python), "-m", "unittest", "-f")
        yield TestCommand(
            run_all, "unittest", SandboxView(places), environ, r"^Ran [1-9]\d* tests?[\s\S]*^OK"
        )


def _has_python_tests(top: Path) -> bool:
    folders = [top, *(top / name for name in _TEST_FOLDERS)]
    return any(next(folder.glob(name), None) for folder in folders for name in ("test_*.py", "*_test.py"))


def _interpreter(top: Path, path: str) -> Path | None:
    """The repository's own interpreter, else the first of PATH that is a program and no script."""
    for folder in (".venv", "venv"):
        python = top / folder / "bin" / "python"
        if python.exists():
            return python
    for folder in path.split(os.pathsep):
        python = Path(folder, "python3")
        if os.path.isabs(folder) and os.access(python, os.X_OK) and not _is_script(python):
            return python
    return None


def _is_script(file: Path) -> bool:
    try:
        with file.open("rb") as data:
            return data.read(2) == b"#!"
    except OSError:
        return True


def _python_places(python: Path) -> Iterator[Path]:
    """The folders of an interpreter: its environment, and the installation that this is made from."""
    environment = python.parent.parent
    settings = _text(environment / "pyvenv.cfg")
    if not settings:
        yield from _prefix_of(python)
        return
    yield environment
    if base := re.search(r"^home\s*=\s*(.+?)\s*$", settings, re.MULTILINE):
        yield from _prefix_of(Path(base[1], "python3"))
    yield from _prefix_of(Path(os.path.realpath(python)))


def _prefix_of(program: Path) -> list[Path]:
    """The folder in which a program is installed, with `bin` and `lib` in it, unless that is a whole home."""
    found = []
    for each in dict.fromkeys((program, Path(os.path.realpath(program)))):
        prefix = each.parent.parent
        if (
            each.parent.name == "bin"
            and (prefix / "lib").is_dir()
            and not login_home().is_relative_to(prefix)
        ):
            found.append(prefix)
    return found


def _has_package(places: Sequence[Path], python: Path, name: str) -> bool:
    system = [Path(os.path.realpath(python)).parent.parent]
    patterns = ("lib/python3*/site-packages", "lib/python3*/dist-packages", "lib/python3/dist-packages")
    return any(
        (folder / name).is_dir()
        for place in (*places, *system)
        for each in patterns
        for folder in place.glob(each)
    )


def _node(top: Path, path: str) -> Iterator[TestCommand]:
    try:
        settings: Any = json.loads(_text(top / "package.json") or "{}")
        script = settings["scripts"]["test"]
    except (ValueError, KeyError, TypeError):
        return
    packages = top / "node_modules"
    npm = shutil.which("npm", path=path)
    if not isinstance(script, str) or npm is None or not packages.is_dir() or "no test specified" in script:
        return
    node = shutil.which("node", path=path)
    readable = (packages, *_prefix_of(Path(npm)), *(_prefix_of(Path(node)) if node else ()))
    environ = {
        "CI": "1",  # without it vitest and others wait for changes
        "npm_config_audit": "false",
        "npm_config_offline": "true",
        "npm_config_update_notifier": "false",
    }
    words = ("npm", "test", "--silent")
    yield TestCommand(words, _runner_of(script), SandboxView(tuple(dict.fromkeys(readable))), environ)


def _runner_of(script: str) -> Runner:
    """The runner of a script that takes files as its last words; scripts of several commands do not."""
    if _SHELL.search(script):
        return "npm"
    words = [PurePosixPath(word).name for word in script.split()]
    runners: tuple[Runner, ...] = ("jest", "vitest")
    return next((each for each in runners if each in words[:3]), "npm")


def _cargo(top: Path, path: str) -> Iterator[TestCommand]:
    cargo = shutil.which("cargo", path=path)
    if cargo is None or not (top / "Cargo.toml").is_file():
        return
    home = Path(cargo).parent.parent
    own = home if (home / "registry").is_dir() or home.name == ".cargo" else login_home() / ".cargo"
    # Not the whole folder: it may have a registry's password.
    readable = [own / name for name in ("bin", "registry", "git", "env")]
    readable += [own.parent / ".rustup", login_home() / ".rustup"]
    view = SandboxView(tuple(dict.fromkeys(each for each in readable if each.exists())), folders=("target",))
    environ = {"CARGO_NET_OFFLINE": "true", "CARGO_TERM_COLOR": "never", "RUST_BACKTRACE": "0"}
    words = ("cargo", "test", "--offline", "--target-dir", str(top / "target"))
    yield TestCommand(words, "cargo", view, environ, r"^test result: ok\. [1-9]")


def _go(top: Path, path: str) -> Iterator[TestCommand]:
    go = shutil.which("go", path=path)
    if go is None or not (top / "go.mod").is_file():
        return
    modules = login_home() / "go" / "pkg" / "mod"
    root = Path(os.path.realpath(go)).parent.parent
    readable = [modules, *([root] if (root / "src").is_dir() else [])]
    view = SandboxView(tuple(each for each in readable if each.exists()), folders=(GO_CACHE,))
    environ = {
        "GOCACHE": str(top / GO_CACHE),
        "GOPROXY": "off",
        "GOTOOLCHAIN": "local",
        "GOTELEMETRY": "off",
        "GOMODCACHE": str(modules),
    }
    yield TestCommand(("go", "test", "-count=1", "./..."), "go", view, environ, r"^ok\s")


def _text(file: Path) -> str:
    try:
        with file.open("rb") as data:
            return data.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""


def narrow(command: TestCommand, test_files: Sequence[str]) -> TestCommand:
    """The command for some test files, by their paths in the repository, if its runner can do that."""
    files = tuple(test_files)
    if not files or any(each.startswith("-") for each in files):
        return command
    words = command.words
    match command.runner:
        case "pytest" | "unittest":
            words = (*words, *files)
        case "jest":
            words = (*words, "--", "--runTestsByPath", *files)
        case "vitest":
            words = (*words, "--", *files)
        case "go":
            words = (*words[:-1], *dict.fromkeys(f"./{PurePosixPath(each).parent}" for each in files))
        case "cargo" if all(_cargo_test(each) for each in files):
            words = (*words, *(word for each in files for word in ("--test", _cargo_test(each))))
    return replace(command, words=words)


def _cargo_test(path: str) -> str:
    """The name of an integration test, which is a file in `tests`; "" for another file."""
    file = PurePosixPath(path)
    return file.stem if file.parts[:-1] == ("tests",) and file.suffix == ".rs" else ""


def tests_that_name(function_name: str, paths: Iterable[str], read: Callable[[str], str | None]) -> list[str]:
    """The test files that have a function's name as a word, those that name it most often first.

    `read` gives a file's text, or None if it has none.
    """
    word = re.compile(rf"(?<!\w){re.escape(function_name)}(?!\w)")
    counts = {path: len(word.findall(read(path) or "")) for path in paths if is_test(path)}
    return sorted((path for path, count in counts.items() if count), key=lambda path: (-counts[path], path))


def python_view(python: str = sys.executable) -> SandboxView:
    """What the programs of a Python interpreter have to see."""
    return SandboxView(tuple(_python_places(Path(python))))
