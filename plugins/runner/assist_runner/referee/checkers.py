"""The type checker of a project: which one is installed and needs no set-up, and what it says of files.

Only errors in the files that an edit changes count, and only those that are new: they are compared without
their lines. It runs nothing itself.
"""

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from assist_context.files.path_names import relative_path
from assist_context.languages import language_of
from assist_context.programs import find_program
from assist_runner.sandbox.installations import program_places, python_of, text_of
from assist_runner.sandbox.sandbox import SandboxRun, SandboxView
from assist_runner.sandbox.test_command import TestCommand, find_test_command

MAX_ERRORS = 3  # that are told

_ERROR = re.compile(
    r"""^\s*(?P<path>(?:[A-Za-z]:[\\/])?[^\s:()][^:()\n]*?)
    (?:
      :\d+:(?:\d+:)?\ error(?:\[\w+\])?  # mypy, and cargo with --message-format=short
    | :\d+:\d+\ -\ error  # pyright
    | \(\d+,\d+\):\ error  # tsc
    ):?\ (?P<text>.*)$""",
    re.MULTILINE | re.VERBOSE,
)
_GO_ERROR = re.compile(r"^(?:vet: )?(?P<path>\S+\.go):(?P<line>\d+):\d+:\s(?P<text>.*)$", re.MULTILINE)

TypeErrors = Mapping[str, Counter[str]]  # by path: texts and how often


@dataclass(frozen=True, slots=True)
class TypeChecker:
    """A checker of types by its name, with its command, which sees what the project's tests see."""

    name: str
    command: TestCommand


def find_checker(root: Path, path: str, file: str) -> TypeChecker | None:
    """The checker for a file of a project, if one is installed that runs as it is. `path` is its PATH."""
    top = root.resolve()
    tests = find_test_command(root, path)
    for name, words in _candidates(top, path, file):
        base = next((test for test in tests if test.runner in _RUNNERS[name]), None)
        view = base.view if base is not None else SandboxView(place=top)
        places = program_places(Path(words[0]), top) if os.path.isabs(words[0]) else []
        readable = tuple(dict.fromkeys((*view.readable, *places)))
        environ = dict(base.environ) if base is not None else {"PATH": path}
        command = TestCommand(words, "own", replace(view, readable=readable), environ)
        return TypeChecker(name, command)
    return None


_RUNNERS: Mapping[str, tuple[str, ...]] = {
    "pyright": ("pytest", "unittest"),
    "mypy": ("pytest", "unittest"),
    "tsc": ("npm", "jest", "vitest"),
    "cargo check": ("cargo",),
    "go vet": ("go",),
}


def _candidates(top: Path, path: str, file: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    language = language_of(file).name
    if language == "python":
        own = [str(python_of(top / name).parent) for name in (".venv", "venv")]
        where = os.pathsep.join((*own, path))
        settings = text_of(top / "pyproject.toml") + text_of(top / "setup.cfg")
        pyright = "[tool.pyright]" in settings or (top / "pyrightconfig.json").is_file()
        if pyright and (found := find_program("pyright", where)):
            yield "pyright", (found,)
        configured = "[tool.mypy]" in settings or "[mypy]" in settings or (top / "mypy.ini").is_file()
        if configured and (found := find_program("mypy", where)):
            cache = "nul" if sys.platform == "win32" else "/dev/null"
            yield "mypy", (found, "--cache-dir", cache, "--no-error-summary", "--no-pretty", file)
    elif language in ("typescript", "tsx") and (top / "tsconfig.json").is_file():
        tsc = top / "node_modules" / ".bin" / "tsc"
        if tsc.exists():
            yield "tsc", (str(tsc), "--noEmit", "--pretty", "false")
    elif language == "rust" and (top / "Cargo.toml").is_file() and find_program("cargo", path):
        target = ("--target-dir", str(top / "target"))
        yield "cargo check", ("cargo", "check", "--offline", "--message-format=short", *target)
    elif language == "go" and (top / "go.mod").is_file() and find_program("go", path):
        yield "go vet", ("go", "vet", f"./{PurePosixPath(file).parent}")


def errors_of(checker: TypeChecker, run: SandboxRun, place: Path) -> TypeErrors | None:
    """The errors of a run, by file; None if the checker did not come to an end, or could not begin."""
    expression = _GO_ERROR if checker.name == "go vet" else _ERROR
    found: dict[str, Counter[str]] = {}
    for match in expression.finditer(run.output):
        path = match["path"].strip()
        if os.path.isabs(path):
            path = relative_path(path, str(place)) or path
        path = PurePosixPath(path.replace(os.sep, "/")).as_posix()
        found.setdefault(path, Counter())[match["text"].strip()] += 1
    if run.ended != "exited" or (run.code != 0 and not found):
        return None
    return found


def added_errors(before: TypeErrors, after: TypeErrors, paths: Sequence[str]) -> tuple[str, ...]:
    """The errors that are new in some files, in words."""
    nothing: Counter[str] = Counter()
    added = [
        f"{path}: {text}" for path in paths for text in (after.get(path, nothing) - before.get(path, nothing))
    ]
    return tuple(added[:MAX_ERRORS])
