"""What a run of tests says of each test: passed or not, and what failed in words.

It knows what pytest, unittest, cargo and go print; `javascript_results` knows node, jest and vitest. Of any
other runner it knows whether all tests passed.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from assist_runner.computed_fixes.failures import FailedTest, failed_tests
from assist_runner.referee.javascript_results import javascript_results
from assist_runner.sandbox.body_check import is_pass
from assist_runner.sandbox.sandbox import SandboxRun
from assist_runner.sandbox.test_command import TestCommand

ALL = "all tests"  # the one name of a run whose runner names no test
MAX_LINES = 12  # of what failed, that are kept
WIDTH = 200  # characters of such a line
# What pytest prints of each test at its end, whatever the project's settings say, and of all that fail.
PYTEST_OPTIONS = "-rfEp --tb=short --color=no --maxfail=1000000 -p no:cacheprovider"

_LINE = re.compile(
    r"""^(?:
      (?P<pytest>PASSED|FAILED|ERROR)\ (?P<pytest_name>\S+?(?:::[^\[\s]+(?:\[.*?\](?=\ -\ |$))?)?)(?:\ -\ .*)?
    | (?P<unittest_name>\w+\ \([\w.]+\))(?:\n[^\n]*?)?\ \.\.\.\ (?P<unittest>ok|FAIL|ERROR)
    | test\ (?P<cargo_name>[\w:]+)(?:\ -\ should\ panic)?\ \.\.\.\ (?P<cargo>ok|FAILED)
    | \s*---\ (?P<go>PASS|FAIL):\ (?P<go_name>\S+)\ \([\d.]+s\)
    )$""",
    re.MULTILINE | re.VERBOSE,
)
_PASSED = frozenset({"PASSED", "PASS", "ok"})
# Lines that say what was wrong: of pytest, unittest, go, cargo, and of a program that cannot start.
_SAID = re.compile(
    r"""^(?:
      E\ {2,}\S.*  # pytest
    | \w*(?:Error|Exception)\b.*  # Python
    | \s+\w+_test\.go:\d+:.*  # go
    | thread\ '.*panicked.*  # cargo
    | \s+(?:left|right):\ .*  # its assert_eq
    | error(?:\[\w+\])?:\ .*  # rustc
    | \s+\w*Error\b.*:\ .*  # node, vitest
    | \s+(?:Expected|Received|expected|actual):?\ .*  # jest, node
    )$""",
    re.MULTILINE | re.VERBOSE,
)
_SETUP = re.compile(r"^(?:\S+\.go:\d+:\d+: |go: )(.*)$", re.MULTILINE)  # of go, with "[setup failed]" below
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class TestResults:
    """The names of the tests that passed and of those that did not, and lines that say what was wrong.

    `failures` are the tracebacks, where the runner is pytest. `unbuilt` is why nothing could be built,
    whatever the code says; go tells that.
    """

    __test__ = False  # pytest takes any class with this beginning for a test

    passed: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    said: tuple[str, ...] = ()
    seconds: float = 0.0
    reports: tuple[str, ...] = ()
    failures: tuple[FailedTest, ...] = ()
    unbuilt: str = ""

    @property
    def named(self) -> bool:
        """Whether the runner names its tests."""
        return ALL not in self.passed | self.failed


def naming_tests(command: TestCommand) -> TestCommand:
    """The command whose output names each test, and that goes on after the first that fails, where it can."""
    words = command.words
    environ: Mapping[str, str] = {**command.environ, "PYTEST_ADDOPTS": PYTEST_OPTIONS}
    if any(PurePosixPath(word).name in ("pytest", "py.test") for word in words):
        words = tuple(word for word in words if word not in ("-x", "--exitfirst"))
    elif command.runner == "unittest":
        words = tuple("-v" if word == "-f" else word for word in words)
    elif words[:2] == ("go", "test"):
        words = ("go", "test", "-v", *words[2:])
    elif words[:2] == ("cargo", "test") and "--" not in words:
        words = ("cargo", "test", "--no-fail-fast", *words[2:])
    elif extra := _telling(command):
        words = (*words, *(() if words[0] != "npm" or "--" in words else ("--",)), extra)
    elif "unittest" in words and "-v" not in words:
        at = words.index("unittest") + 1
        words = (*words[:at], "-v", *words[at:])
    return replace(command, words=words, environ=environ)


def _telling(command: TestCommand) -> str:
    """What makes a runner of JavaScript name each test; node does so by itself."""
    names = {PurePosixPath(word).name for word in command.words}
    for runner, option in (("jest", "--verbose"), ("vitest", "--reporter=verbose")):
        if command.runner == runner or (command.runner == "own" and runner in names):
            return option
    return ""


def results_of(run: SandboxRun, command: TestCommand) -> TestResults:
    """What a run of tests says. A test of which one line says that it failed has failed."""
    output = _COLOURS.sub("", run.output)
    found: dict[str, bool] = {}
    for name, passed in _names_in(output):
        found[name] = found.get(name, True) and passed
    if not found or run.ended != "exited":
        found = {ALL: is_pass(run, command)}
    good = frozenset(name for name, passed in found.items() if passed)
    failures = failed_tests(output)
    unbuilt = _SETUP.search(output) if ALL in found and "[setup failed]" in output else None
    failed = frozenset(found) - good
    reason = unbuilt[1] if unbuilt else ""
    return TestResults(good, failed, _complaints(output), run.seconds, run.reports, failures, reason)


def both_of(first: TestResults, second: TestResults) -> TestResults:
    """Two runs as one, in which a test passed that passed in both."""
    failed = first.failed | second.failed
    return replace(second, passed=first.passed & second.passed, failed=failed, said=first.said + second.said)


def _names_in(output: str) -> Iterator[tuple[str, bool]]:
    yield from javascript_results(output)
    for match in _LINE.finditer(output):
        for kind in ("pytest", "unittest", "cargo", "go"):
            if match[kind]:
                yield match[f"{kind}_name"], match[kind] in _PASSED


def _complaints(output: str) -> tuple[str, ...]:
    lines = dict.fromkeys(line.strip()[:WIDTH] for line in _SAID.findall(output))
    return tuple(lines)[:MAX_LINES]
