"""Tasks for new tests: a function of our own in a small project with tests, and a mutant of it.

It runs what was written by the means of each language: pytest, `node --test` on what esbuild makes of
TypeScript, and `rustc --test`. It knows no model and no prompt.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bench.edits import own_functions, own_rust, own_typescript
from bench.edits.askers import write_files

Outcome = Literal["broken", "failed", "passed"]
ESBUILD = Path(__file__).parents[3] / "vscode-extension/node_modules/.bin/esbuild"
RUN_S = 60  # of a run of tests

# The rest of each project: another file with its tests, which show where tests are and how they are written.
_PYTHON = {
    "shop/__init__.py": "",
    "shop/money.py": "def to_cents(euros):\n    return round(euros * 100)\n",
    "tests/test_money.py": (
        "import pytest\n\nfrom shop.money import to_cents\n\n\n"
        "def test_cents():\n    assert to_cents(1.5) == 150\n\n\n"
        "def test_no_text():\n    with pytest.raises(TypeError):\n        to_cents('one')\n"
    ),
}
_TYPESCRIPT = {
    "package.json": '{"name": "town", "type": "module", "scripts": {"test": "node --test"}}\n',
    "src/money.ts": (
        "export function toCents(euros: number): number {\n  return Math.round(euros * 100);\n}\n"
    ),
    "src/money.test.ts": (
        'import assert from "node:assert/strict";\nimport { test } from "node:test";\n\n'
        'import { toCents } from "./money";\n\n'
        'test("cents", () => {\n  assert.equal(toCents(1.5), 150);\n});\n'
    ),
}
_RUST = {
    "Cargo.toml": '[package]\nname = "town"\nversion = "0.1.0"\nedition = "2021"\n',
    "src/lib.rs": "pub mod functions;\npub mod money;\n",
    "src/money.rs": (
        "pub fn to_cents(euros: f64) -> i64 {\n    (euros * 100.0).round() as i64\n}\n\n"
        "#[cfg(test)]\nmod tests {\n    use super::*;\n\n"
        "    #[test]\n    fn cents() {\n        assert_eq!(to_cents(1.5), 150);\n    }\n}\n"
    ),
}


@dataclass(frozen=True, slots=True)
class TestsTask:
    """Tests are wanted for the function at a line of `path`; `wrong` is that file with a mistake in it."""

    id: str
    language: str
    path: str
    line: int
    wrong: str
    files: Mapping[str, str]
    kind: str = "test"
    words: str = ""

    @property
    def target(self) -> str:
        """The function, as a user writes it."""
        return f"{self.path}:{self.line}"


def test_tasks() -> Iterator[TestsTask]:
    """Yield the functions of our own in turn, a language at a time."""
    mistakes = {name: (right, wrong) for name, (right, wrong, _) in own_functions.MISTAKES.items()}
    yield from _tasks("python", "shop/functions.py", r"def {}\(", own_functions.FUNCTIONS, mistakes, _PYTHON)
    yield from _tasks(
        "typescript", "src/functions.ts", r"export function {}\b", own_typescript.FUNCTIONS,
        own_typescript.MISTAKES, _TYPESCRIPT,
    )  # fmt: skip
    yield from _tasks(
        "rust", "src/functions.rs", r"pub fn {}\b", own_rust.FUNCTIONS, own_rust.MISTAKES, _RUST
    )


def _tasks(
    language: str,
    path: str,
    head: str,
    functions: str,
    mistakes: Mapping[str, tuple[str, str]],
    others: Mapping[str, str],
) -> Iterator[TestsTask]:
    text = functions.lstrip("\n")
    for name, (right, wrong) in mistakes.items():
        found = re.search("^" + head.format(name), text, re.MULTILINE)
        if found is None:
            raise SystemExit(f"{language}: there is no function {name}")
        mutant = text[: found.start()] + text[found.start() :].replace(right, wrong, 1)
        line = text.count("\n", 0, found.start()) + 1
        yield TestsTask(f"{language}/{name}", language, path, line, mutant, {**others, path: text})


def outcomes(task: TestsTask, path: str, text: str) -> tuple[Outcome, Outcome]:
    """What becomes of the tests at `path` with the right function, and with the mutant.

    They are "broken" if they do not compile, cannot be imported, or hold no test.
    """
    runs = {"python": _run_python, "typescript": _run_typescript, "rust": _run_rust}
    found: list[Outcome] = []
    for files in (task.files, {**task.files, task.path: task.wrong}):
        mutated = text
        if path == task.path and files is not task.files:  # the tests are in the function's own file
            mutated = task.wrong + text.removeprefix(task.files[task.path])
        with tempfile.TemporaryDirectory() as folder:
            write_files(Path(folder), {**files, path: mutated})
            try:
                found.append(runs[task.language](Path(folder), path))
            except subprocess.TimeoutExpired:
                found.append("failed")
    return found[0], found[1]


def _run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=RUN_S, check=False)


def _run_python(folder: Path, path: str) -> Outcome:
    done = _run(folder, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", path)
    return "passed" if done.returncode == 0 else "failed" if done.returncode == 1 else "broken"


def _run_typescript(folder: Path, path: str) -> Outcome:
    made = _run(
        folder, str(ESBUILD), path, "--bundle", "--platform=node", "--format=esm", "--outfile=out.mjs"
    )
    if made.returncode:
        return "broken"
    done = _run(folder, "node", "--test-reporter=tap", "out.mjs")
    ran = re.search(r"^# tests (\d+)", done.stdout, re.MULTILINE)
    if ran is None or ran[1] == "0":
        return "broken"
    return "failed" if done.returncode else "passed"


def _run_rust(folder: Path, path: str) -> Outcome:
    made = _run(folder, "rustc", "--edition", "2021", "--test", "src/lib.rs", "-o", "tests")
    if made.returncode:
        return "broken"
    module = Path(path).stem
    done = _run(folder, "./tests", f"{module}::")
    ran = re.search(r"^running (\d+) test", done.stdout, re.MULTILINE)
    return "broken" if ran is None or ran[1] == "0" else "failed" if done.returncode else "passed"
