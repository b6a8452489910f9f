"""Which words run only some tests of a runner, by the names that it gives them, and what a run followed."""

from dataclasses import replace
from pathlib import Path

import pytest

from assist_runner.computed_fixes.suspicion import CodePlace, TestLines, suspicions
from assist_runner.referee.executed_lines import with_rust_probes
from assist_runner.referee.selected_tests import selected_tests
from assist_runner.referee.test_results import ALL
from assist_runner.sandbox.test_command import TestCommand
from assist_runner.scripts.script_probes import with_line_probes

FILES = {
    "package.json": '{"scripts": {"test": "node --test test/"}}',
    "api/api_test.go": "func TestOne(t *testing.T) {\n}\n",
    "src/lib.rs": "mod tests {\n    fn inner() {}\n}\n",
    "tests/whole.rs": "fn outer() {}\n",
    "tests/test_a.py": "",
    "test/a.test.ts": "",
}


@pytest.mark.parametrize(
    ("words", "runner", "names", "expected"),
    [
        ("python -m pytest -q tests", "pytest", ["tests/test_a.py::test_b[x]"], "python -m pytest -x -q tests/test_a.py::test_b[x]"),
        ("python -m unittest -f", "unittest", ["test_b (tests.test_a.TestA)"], "python -m unittest -f tests.test_a.TestA.test_b"),
        ("python -m unittest -f", "unittest", ["test_b (tests.test_a.TestA.test_b)"], "python -m unittest -f tests.test_a.TestA.test_b"),
        ("go test -v -count=1 ./...", "go", ["TestOne/a_b"], "go test -failfast -run ^(TestOne)$ -v -count=1 ./api"),
        ("cargo test --no-fail-fast", "cargo", ["tests::inner"], "cargo test --no-fail-fast --lib --bins -- --exact tests::inner"),
        ("cargo test --test other", "cargo", ["outer"], "cargo test --test whole -- --exact outer"),
        ("npm test --silent", "npm", ["a > is (one)"], "sh -c node --test-name-pattern='is\\ \\(one\\)' --test test/ "),
        ("npx vitest run", "own", ["test/a.test.ts > one"], "npx vitest run test/a.test.ts --reporter=verbose --bail=1 -t one"),
        ("npm test --silent", "jest", ["test/a.test.ts > one"], "sh -c node --test-name-pattern=one --test test/ "),
        ("make check", "own", ["one"], "make check"),
        ("python -m pytest", "pytest", [ALL], "python -m pytest"),
    ],
)  # fmt: skip
def test_a_command_for_some_tests(
    tmp_path: Path, words: str, runner: str, names: list[str], expected: str
) -> None:
    for path, text in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    command = replace(TestCommand((), "own"), words=tuple(words.split()), runner=runner)  # type: ignore[arg-type]
    assert " ".join(selected_tests(command, names, tmp_path).words) == expected


def test_the_line_that_only_failing_tests_run_is_the_most_suspicious() -> None:
    bad = TestLines(passed=False, lines=frozenset({("a.py", 2), ("a.py", 3), ("b.py", 9)}))
    good = TestLines(passed=True, lines=frozenset({("a.py", 2), ("a.py", 5)}))
    places = [CodePlace("a.py", 1, 6, named=True), CodePlace("b.py", 8, 9)]
    starts = {"a.py": [1, 2, 3, 5], "b.py": [8, 9]}
    found = suspicions(places, [bad, good], [], starts)
    assert found.worst(3) == [("a.py", 3), ("a.py", 2), ("b.py", 9)]
    assert (found.of(("a.py", 4)), found.of(("a.py", 5))) == (1.0, 0.0)
    unknown = suspicions(places, [], [("a.py", 5)], starts)
    assert unknown.worst(1) == [("a.py", 5)]
    assert not unknown.measured


def test_probes_move_no_line() -> None:
    script = "export function f(a: number) {\n  if (a)\n    return 1;\n  return a ? 2 : 3;\n}\n"
    probed = with_line_probes(script, "a.ts", "/x/told")
    assert probed.count("\n") == script.count("\n")
    assert probed.count("__assistProbe_(") == 5
    rust = "const fn one() -> u8 { 1 }\nfn two() -> u8 {\n    let a = one();\n    a + 1\n}\n#[cfg(test)]\nmod tests {\n    fn t() { two(); }\n}\n"
    assert with_rust_probes(rust, "src/lib.rs").count("eprintln!") == 2
