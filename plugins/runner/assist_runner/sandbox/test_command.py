"""Which command tests a repository, what it has to see in the sandbox, and how it runs only some tests.

It looks at the names of files and at a few files of settings, and runs nothing. It knows the conventions of
pytest, unittest, npm with jest, vitest and mocha, cargo and go.
"""

import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, Literal

from assist_context.programs import find_program
from assist_context.relations.counterparts import is_test
from assist_runner.sandbox.go_cache import GO_CACHE
from assist_runner.sandbox.installations import (
    PYTHONS,
    covers_copy,
    go_places,
    node_packages,
    program_places,
    program_prefixes,
    python_of,
    text_of,
    without_shims,
)
from assist_runner.sandbox.proofs import CARGO, GO, PYTEST, UNITTEST, proof_of
from assist_runner.sandbox.sandbox import DEFAULT_PATH, PLAIN_VIEW, SandboxView, login_home
from assist_server.errors import UserError

Runner = Literal["pytest", "unittest", "jest", "vitest", "node", "npm", "cargo", "go", "own"]

_TEST_FOLDERS = ("tests", "test")
_SETTINGS_OF_PYTEST = {
    "pytest.ini": "",
    ".pytest.ini": "",
    "pyproject.toml": "[tool.pytest",
    "setup.cfg": "[tool:pytest]",
    "tox.ini": "[pytest]",
}
_SHELL = re.compile(r"[;&|<>$`(){}\\*?\n]")
# go and pytest leave folders out whose names begin with a dot.
BYTECODE = ".assist-bytecode"


@dataclass(frozen=True, slots=True)
class TestCommand:
    """A command that runs tests, with the variables it needs and what it sees.

    `proof` is an expression that its output has after tests passed, unless a program ended early with 0; it
    is "" if the runner is not known. `view` has folders for what is built: they may be left out of a run.
    """

    __test__: ClassVar[bool] = False  # pytest takes any class with this beginning for a test

    words: tuple[str, ...]
    runner: Runner
    view: SandboxView = PLAIN_VIEW
    environ: Mapping[str, str] = field(default_factory=dict)
    proof: str = ""


def find_test_command(root: Path, path: str = DEFAULT_PATH, own: str = "") -> tuple[TestCommand, ...]:
    """The commands that test a repository, most likely first; only the user's `own`, if there is one.

    `path` is the user's PATH: programs are looked up in it. Raises UserError if `own` has an open quote.
    """
    top = root.resolve()
    path = without_shims(path, top)
    found = _own(top, path, own) if own else _known_commands(top, path)
    return tuple(
        replace(command, view=_view_in(top, command.view), environ={"PATH": path, **command.environ})
        for command in found
    )


def _view_in(top: Path, view: SandboxView) -> SandboxView:
    """The view in the repository's place, in which nothing covers what is tested."""
    readable = tuple(dict.fromkeys(place for place in view.readable if not covers_copy(place, top)))
    return replace(view, readable=readable, place=top)


def _known_commands(top: Path, path: str) -> Iterator[TestCommand]:
    yield from _python(top, path)
    yield from _node(top, path)
    yield from _cargo(top, path)
    yield from _go(top, path)


def _own(top: Path, path: str, own: str) -> Iterator[TestCommand]:
    """The user's words. They see what any of the known runners would see."""
    try:
        words = words_of(own)
    except ValueError as error:
        raise UserError(f"The test command {own!r} cannot be read ({error}): close its quotes.") from error
    if not words:
        raise UserError("The test command is empty: name a program, such as `make test`.")
    others = list(_known_commands(top, path))
    # `env`, `time` or `sh` may be first, and any word the name of a program.
    programs = [Path(found) for word in words if (found := find_program(word, path))]
    python = _interpreter(top, path)
    readable = [place for other in others for place in other.view.readable]
    readable += [
        place for program in (python, *programs) if program for place in program_places(program, top)
    ]
    folders = {folder: None for other in others for folder in other.view.folders}
    environ = {name: value for other in others for name, value in other.environ.items()}
    view = SandboxView(tuple(readable), folders=tuple(folders) or (BYTECODE,))
    command = TestCommand(words, "own", view, {**_python_variables(top), **environ})
    yield replace(command, proof=proof_of(script_of(command, top)))


def words_of(command: str, *, windows: bool = sys.platform == "win32") -> tuple[str, ...]:
    r"""The words of a command, without quotes. Windows' paths have `\` in them. ValueError for an open quote.

    >>> words_of(r"C:\bin\make 'unit tests'", windows=True), words_of(r"make unit\ tests", windows=False)
    (('C:\\bin\\make', 'unit tests'), ('make', 'unit tests'))
    """
    lexer = shlex.shlex(command, posix=True, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    if windows:
        lexer.escape = ""
    return tuple(lexer)


def _python(top: Path, path: str) -> Iterator[TestCommand]:
    configured = any(
        mark in text_of(top / name) for name, mark in _SETTINGS_OF_PYTEST.items() if (top / name).is_file()
    )
    if not configured and not _has_python_tests(top):
        return
    python = _interpreter(top, path)
    if python is None:
        return
    view = SandboxView(tuple(program_places(python, top)), folders=(BYTECODE,))
    if configured or _has_package(python, "pytest"):
        # The number wins over -q and -v in the repository's settings, and the last line says what passed.
        options = ("-x", "--verbosity=-1", "-p", "no:cacheprovider")
        words = (str(python), "-m", "pytest", *options)
        yield TestCommand(words, "pytest", view, _python_variables(top), PYTEST)
    else:
        run_all = (str(python), "-m", "unittest", "-f")
        yield TestCommand(run_all, "unittest", view, _python_variables(top), UNITTEST)


def _python_variables(top: Path) -> dict[str, str]:
    """Where Python keeps compiled files, and where it finds the repository's packages, installed or not.

    Without compiled files, as uv leaves it, pytest takes 2.7 s and not 0.8 s.
    """
    sources = map(str, (top / "src", top))  # before an installation, which may be of another version
    return {"PYTHONPYCACHEPREFIX": str(top / BYTECODE), "PYTHONPATH": os.pathsep.join(sources)}


def _has_python_tests(top: Path) -> bool:
    folders = [top, *(top / name for name in _TEST_FOLDERS)]
    return any(next(folder.glob(name), None) for folder in folders for name in ("test_*.py", "*_test.py"))


def _interpreter(top: Path, path: str) -> Path | None:
    """The repository's own interpreter, else the first of PATH that is a program and no script."""
    for folder in (".venv", "venv"):
        python = python_of(top / folder)
        if python.exists():
            return python
    for folder in filter(os.path.isabs, path.split(os.pathsep)):
        for python in (Path(folder, name) for name in PYTHONS):
            if os.access(python, os.X_OK) and not _is_script(python):
                return python
    return None


def _is_script(file: Path) -> bool:
    try:
        with file.open("rb") as data:
            return data.read(2) == b"#!"
    except OSError:
        return True


def _has_package(python: Path, name: str) -> bool:
    real = Path(os.path.realpath(python)).parent  # on Windows, the installation itself
    patterns = (
        *("lib/python3*/site-packages", "lib/python3*/dist-packages", "lib/python3/dist-packages"),
        "Lib/site-packages",
    )
    return any(
        (folder / name).is_dir()
        for place in (*program_prefixes(python), real.parent, real)
        for pattern in patterns
        for folder in place.glob(pattern)
    )


def _test_script(top: Path) -> str:
    """The command that a repository's package.json has for tests, "" for none."""
    try:
        settings: Any = json.loads(text_of(top / "package.json") or "{}")
        script = settings["scripts"]["test"]
    except (ValueError, KeyError, TypeError):
        return ""
    return script if isinstance(script, str) and "no test specified" not in script else ""


def script_of(command: TestCommand, top: Path) -> str:
    """The line of commands that a command for tests runs: its own words, or package.json's."""
    words = command.words
    runs_script = PurePosixPath(words[0]).name in ("npm", "yarn", "pnpm") and "test" in words
    return _test_script(top) if runs_script else shlex.join(words)


def _node(top: Path, path: str) -> Iterator[TestCommand]:
    script = _test_script(top)
    packages = node_packages(top)
    npm = find_program("npm", path)
    needs_packages = re.search(r"\bnode\b[^&|;]*\s--test\b", script) is None  # node's own runner has none
    if not script or npm is None or (packages is None and needs_packages):
        return
    node = find_program("node", path)
    programs = [Path(program) for program in (npm, node) if program]
    own = (packages,) if packages is not None else ()
    readable = (*own, *(place for program in programs for place in program_places(program, top)))
    environ = {
        "CI": "1",  # without it vitest and others wait for changes
        "npm_config_audit": "false",
        "npm_config_offline": "true",
        "npm_config_update_notifier": "false",
    }
    words = ("npm", "test", "--silent")
    yield TestCommand(words, _runner_of(script), SandboxView(readable), environ, proof_of(script))


def _runner_of(script: str) -> Runner:
    """The runner of a script that takes files as its last words; scripts of several commands do not."""
    if _SHELL.search(script):
        return "npm"
    words = [PurePosixPath(word).name for word in script.split()]
    runners: tuple[Runner, ...] = ("jest", "vitest")
    return next((runner for runner in runners if runner in words[:3]), "npm")


def _cargo(top: Path, path: str) -> Iterator[TestCommand]:
    cargo = find_program("cargo", path)
    if cargo is None or not (top / "Cargo.toml").is_file():
        return
    home = Path(cargo).parent.parent
    own = home if (home / "registry").is_dir() or home.name == ".cargo" else login_home() / ".cargo"
    # Not the whole folder: it may have a registry's password.
    readable = [own / name for name in ("bin", "registry", "git", "env")]
    readable += [own.parent / ".rustup", login_home() / ".rustup"]
    view = SandboxView(tuple(place for place in readable if place.exists()), folders=("target",))
    environ = {"CARGO_NET_OFFLINE": "true", "CARGO_TERM_COLOR": "never", "RUST_BACKTRACE": "0"}
    words = ("cargo", "test", "--offline", "--target-dir", str(top / "target"))
    yield TestCommand(words, "cargo", view, environ, CARGO)


def _go(top: Path, path: str) -> Iterator[TestCommand]:
    go = find_program("go", path)
    if go is None or not (top / "go.mod").is_file():
        return
    modules = login_home() / "go" / "pkg" / "mod"
    readable = ([modules] if modules.exists() else []) + go_places(Path(go))
    view = SandboxView(tuple(readable), folders=(GO_CACHE,))
    environ = {
        "GOCACHE": str(top / GO_CACHE),
        "GOPROXY": "off",
        "GOTOOLCHAIN": "local",
        "GOTELEMETRY": "off",
        "GOMODCACHE": str(modules),
    }
    yield TestCommand(("go", "test", "-count=1", "./..."), "go", view, environ, GO)


def narrow(command: TestCommand, test_files: Sequence[str]) -> TestCommand:
    """The command for some test files, by their paths in the repository, if its runner can do that."""
    files = tuple(test_files)
    if not files or any(file.startswith("-") for file in files):
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
            words = (*words[:-1], *dict.fromkeys(f"./{PurePosixPath(file).parent}" for file in files))
        case "cargo" if all(_cargo_test(file) for file in files):
            words = (*words, *(word for file in files for word in ("--test", _cargo_test(file))))
    return replace(command, words=words)


def with_test_file(command: TestCommand, path: str) -> TestCommand:
    """The command that also runs a new file of tests, as far as its runner takes files."""
    words = command.words
    if path in words:
        return command
    if command.runner == "own":
        named = {PurePosixPath(word).name for word in words}
        return replace(command, words=(*words, path)) if named & {"pytest", "py.test"} else command
    if command.runner in ("jest", "vitest") and "--" in words:
        return replace(command, words=(*words, path))
    if command.runner == "cargo" and not _cargo_test(path):
        target = "--bins" if path.endswith("main.rs") else "--lib"
        return replace(command, words=(*words, target)) if "--test" in words else command
    return narrow(command, (path,))


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
