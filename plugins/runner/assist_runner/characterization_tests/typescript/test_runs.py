"""Tests of scripts as the project's runner runs them: as they are, and with many planted mistakes at once."""

import json
from collections.abc import Mapping, Sequence

from assist_runner.characterization_tests.language import RecordingContext, RunOfTests
from assist_runner.characterization_tests.project_runs import ProjectCopy
from assist_runner.characterization_tests.typescript.observing import observer_path, without_checker
from assist_runner.characterization_tests.typescript.script_runners import (
    LIBRARIES,
    PLANTED_GROUP,
    ScriptRunner,
    command_for,
    failure_words,
    results_in,
    script_runner,
    words_for_tests,
)
from assist_runner.scripts.script_module import ScriptImport, import_lines, script_module
from assist_runner.scripts.script_pieces import statements_with
from assist_runner.scripts.script_variants import NUMBER, with_variants

_SECONDS = 60.0


def run_tests(
    copy: ProjectCopy, material: RecordingContext, path: str, names: Sequence[str], limit: float
) -> RunOfTests:
    """Run tests of a file of the copy by their titles, and say which fail."""
    return _run_files(copy, material, [path], names, limit)[0]


def _run_files(
    copy: ProjectCopy, material: RecordingContext, paths: Sequence[str], names: Sequence[str], limit: float
) -> tuple[RunOfTests, Mapping[str, bool]]:
    """What became of tests, and of all tests by their titles."""
    runner = script_runner(copy.runner.root, material.subject.path)
    words = words_for_tests(runner, copy, paths, names)
    result = copy.run(words, limit, {"TZ": "UTC"}, command_for(runner, copy.runner.command))
    found = results_in(result.output, runner)
    failed = frozenset(name for name in names if found.get(name) is False)
    passed = all(found.get(name) for name in names) and bool(names)
    output = result.output if found else failure_words(result.output)
    return RunOfTests(passed, failed, result.seconds, output), found


def run_planted_tests(
    copy: ProjectCopy, material: RecordingContext, path: str, names: Sequence[str], texts: Sequence[str]
) -> RunOfTests:
    """Run tests as they are, and again with each of some texts of the subject's file in one start.

    The last time is without a mistake: if a test fails then, what the code keeps has told on it.
    """
    runner = script_runner(copy.runner.root, material.subject.path)
    subject = material.subject
    place = (subject.name, subject.first, subject.last)
    text, numbers = with_variants(subject.text, subject.path, place, texts)
    if not numbers:
        return run_tests(copy, material, path, names, _SECONDS)
    written = (copy.tree / path).read_text("utf-8")
    order = [0, *sorted(numbers), len(texts) + 1]
    ours = observer_path(path)
    changed = {
        ours: _again_with(statements_with(written, names, path, subject.short), written, order, runner),
        subject.path: without_checker(text, subject.path),
    }
    if runner.kind == "node":  # it has another form of report for several files
        first = run_tests(copy, material, path, names, _SECONDS)
        with copy.files(changed):
            words = words_for_tests(runner, copy, [ours], ())
            result = copy.run(words, _SECONDS, {"TZ": "UTC"}, command_for(runner, copy.runner.command))
        found: Mapping[str, bool] = results_in(result.output, runner)
    else:
        with copy.files(changed):
            first = run_tests(copy, material, path, names, _SECONDS)
            found = _run_files(copy, material, [ours], (), _SECONDS)[1]

    def passing(number: int) -> frozenset[str]:
        mark = f"{PLANTED_GROUP} {number} "
        return frozenset(
            title[len(mark) :] for title, passes in found.items() if passes and title.startswith(mark)
        )

    found_again = passing(0) & passing(order[-1])  # the others cannot be repeated, or need what is not there
    groups = {title for title in found_again if any(other.startswith(f"{title} ") for other in found_again)}
    repeated = found_again - groups  # node reports groups as well
    if not repeated:
        return first
    planted = [
        repeated - passing(number) if number in numbers else None for number in range(1, len(texts) + 1)
    ]
    return RunOfTests(first.passed, first.failed, first.seconds, first.output, tuple(planted))


def _again_with(
    pieces: tuple[Sequence[str], Sequence[str]], text: str, order: Sequence[int], runner: ScriptRunner
) -> str:
    """A file with tests in a group for each number; its pieces are what they need, and they themselves."""
    imports, tests = pieces
    common = script_module(text).common
    before = "before" if runner.kind == "node" else "beforeAll"
    words = [ScriptImport("assistGroup", LIBRARIES[runner.kind], "describe", required=common)]
    words += [ScriptImport("assistBefore", LIBRARIES[runner.kind], before, required=common)]
    head = import_lines(tuple(words))
    if runner.kind == "jest" and LIBRARIES["jest"] not in text:
        head = ["const assistGroup = describe; const assistBefore = beforeAll;"]
    return "\n".join(
        [
            "// @ts-nocheck",
            *head,
            *imports,
            f"for (const assistNumber of {json.dumps(list(order))}) {{",
            f"assistGroup(`{PLANTED_GROUP} ${{assistNumber}}`, () => {{",
            f"assistBefore(() => {{ globalThis.{NUMBER} = assistNumber; }});",
            *tests,
            "});",
            "}",
        ]
    )
