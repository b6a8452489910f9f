"""Real calls of a small project of JavaScript with node's own runner: what they give becomes tests."""

import os
import random
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from assist_context.code.symbols import symbols
from assist_context.files.git_repository import Git
from assist_context.languages import language_of
from assist_runner.characterization_tests.calls import CallSubject
from assist_runner.characterization_tests.language import CannotRunError, RecordingContext
from assist_runner.characterization_tests.project_runs import ProjectCopy, ProjectRunner
from assist_runner.characterization_tests.recording import CallRecorder, RecordedTests
from assist_runner.characterization_tests.typescript.language import SCRIPTS
from assist_runner.sandbox.test_command import find_test_command

NODE = shutil.which("node")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux" or NODE is None, reason="the sandbox is Linux's; node runs"),
]
CODE = """\
import fs from 'node:fs';
import net from 'node:net';
import { spawnSync } from 'node:child_process';

/**
 * A mark.
 * @example
 * grade(95) // => 'B'
 */
export function grade(points, bonus = 0) {
  points += bonus;
  if (points < 0) {
    throw new RangeError(`below zero: ${points}`);
  }
  return points >= 90 ? 'A' : 'C';
}

export function odd(kind) {
  if (kind === 'random') return Math.random();
  if (kind === 'day') return new Date().toISOString();
  if (kind === 'network') return net.connect(9) && 'connected';
  if (kind === 'file') {
    fs.writeFileSync('left.txt', 'x');
    return 'written';
  }
  if (kind === 'program') return spawnSync('true').status;
  if (kind === 'endless') for (;;);
  if (kind === 'never') return new Promise(() => {});
  if (kind === 'here') return process.cwd();
  if (kind === 'exit') process.exit(0);
  if (kind === 'function') return () => 1;
  if (kind === 'waits') return Promise.resolve(new Map([['a', [undefined, NaN, -0, 2n]]]));
  if (kind === 'refuses') return Promise.reject(new TypeError('not so'));
  return kind.length;
}

function inner(text) {
  return text === '' ? 'nothing' : text.toUpperCase();
}

export class Shelf {
  constructor(size) {
    this.size = size;
    this.books = [];
  }

  add(title) {
    if (this.books.length < this.size) this.books.push(inner(title));
    return this;
  }
}
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("scripts") / "project"
    (top / "test").mkdir(parents=True)
    (top / "marks.js").write_text(CODE)
    (top / "package.json").write_text('{"type": "module", "scripts": {"test": "node --test"}}')
    return top


@pytest.fixture(scope="module")
def copy(root: Path) -> Iterator[ProjectCopy]:
    command = find_test_command(root, f"{Path(NODE or '').parent}:{os.defpath}")[0]
    before = {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    opened = ProjectCopy(ProjectRunner(root, command, True, Git()), {}, lambda: False)
    yield opened
    opened.close()
    # Nothing in the workspace changed.
    assert {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def material(name: str) -> RecordingContext:
    found = symbols(language_of("marks.js"), CODE).definitions
    site = next(row for row in found if row.qualified == name)
    subject = CallSubject("marks.js", CODE, name, site.start_line, site.end_line)
    return RecordingContext(subject, "node", place="test/marks.test.js")


def record(copy: ProjectCopy, name: str, answer: str) -> tuple[CallRecorder, RecordedTests]:
    found = CallRecorder(SCRIPTS, material(name), copy)
    found.begin()
    found.take(answer)
    tests = found.finish((), random.Random(1))
    return found, tests


def test_values_come_from_the_code_and_notice_mistakes(copy: ProjectCopy) -> None:
    _, tests = record(copy, "grade", "grade(-5)\ngrade(50, 40)\nexpect(grade(89)).toBe('wrong')\n")
    assert tests.text.startswith(
        "import { describe, it } from 'node:test';\n"
        "import assert from 'node:assert/strict';\n"
        "import { grade } from '../marks.js';\n\n"
        "describe('grade', () => {\n"
    )
    assert "assert.equal(grade(95), 'A');" in tests.text
    assert "assert.throws(() => grade(-5), { name: 'RangeError', message: 'below zero: -5' });" in tests.text
    assert tests.counts.branches == (4, 4)
    assert tests.counts.mutants[0] >= 2
    assert tests.counts.contradictions == (
        "The docstring (line 8) says that grade(95) gives 'B'; the code gives \"A\".",
    )


def test_what_cannot_be_repeated_or_leaves_the_copy_is_left_out(copy: ProjectCopy) -> None:
    kinds = ("random", "day", "network", "file", "program", "endless", "never", "here", "exit", "function")
    more = ("waits", "refuses", "tea")
    script = "".join(f"odd('{kind}');\n" for kind in (*kinds, *more)) + "odd(3);\nodd(null);\n"
    _, tests = record(copy, "odd", script)
    for kind in kinds:
        assert f"odd('{kind}')" not in tests.text
    assert "assert.deepEqual(await odd('waits'), new Map([['a', [undefined, NaN, -0, 2n]]]));" in tests.text
    refusal = "await assert.rejects(async () => odd('refuses'), { name: 'TypeError', message: 'not so' });"
    assert refusal in tests.text
    wanted = {"network", "files", "programs", "time", "of this machine", "no literal", "misuse"}
    assert wanted | {"different values in two runs", "ends the process"} <= set(tests.counts.left_out)


def test_a_method_is_called_on_what_its_class_makes(copy: ProjectCopy) -> None:
    _, tests = record(copy, "Shelf.add", "const shelf = new Shelf(1);\nshelf.add('Emma');\n")
    assert "const shelf = new Shelf(1);" in tests.text
    assert "assert.ok(result instanceof Shelf);" in tests.text
    assert "assert.deepEqual(shelf.books, ['EMMA']);" in tests.text


def test_what_is_not_exported_runs_through_what_is(copy: ProjectCopy) -> None:
    _, tests = record(copy, "inner", "")
    assert "import { Shelf } from '../marks.js';" in tests.text
    assert "inner" not in tests.text.replace("describe('inner'", "")
    assert tests.counts.mutants[0] >= 1


def test_code_that_no_test_can_reach_says_so(copy: ProjectCopy) -> None:
    alone = "function alone(a) {\n  return a + 1;\n}\n"
    subject = CallSubject("marks.js", alone, "alone", 1, 3)
    with pytest.raises(CannotRunError, match="alone is not exported, and nothing that is exported uses it"):
        CallRecorder(SCRIPTS, replace(material("grade"), subject=subject), copy).begin()
    broken = "import './missing.js';\nexport function alone(a) {\n  return a + 1;\n}\n"
    subject = CallSubject("marks.js", broken, "alone", 2, 4)
    with pytest.raises(CannotRunError, match="Cannot find module"):
        CallRecorder(SCRIPTS, replace(material("grade"), subject=subject), copy).begin()
