"""New tests whose values come from running the code: do they pass, and add to the tests that are there?

    uv run python benchmarks/characterization_tests.py FOLDER... [--language rust] [--count 20] [--out FILE]

Functions and methods are drawn at random from repositories whose tests run without the network: with an
environment of their own (`.venv`), with `node_modules`, or, in Rust, with all crates fetched. They go through
the product's own path without a model, with the user's agreement given. Then up to eight mutants are drawn
again, and run with the existing files of tests that name the function, and with the new tests.

A function is right if its tests pass and notice at least half of the mutants that existing ones do not, or if
these notice all and the answer says that no test is missing; tests that pass where none is left are apart.
A function counts if at least two mutants of it can be made. FILE gets a line of JSON for each function, with
the text of its tests, which a person has to read; those that it has are not run again.
"""

import argparse
import ast
import asyncio
import difflib
import json
import random
import re
import sys
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from assist_completion.errors import CompletionError
from assist_completion.inference.conversation import Conversation, LocalAnswer
from assist_context.code.definitions import FUNCTIONS
from assist_context.code.symbols import symbols
from assist_context.code.trees.fragments import errors
from assist_context.files.git_repository import find_git, list_tracked, never, open_tree
from assist_context.languages import language_of
from assist_context.relations.counterparts import is_test
from assist_escalation.errors import EscalationError
from assist_runner.answering.recording_plan import RecordingPlan
from assist_runner.characterization_tests.calls import CallSubject
from assist_runner.characterization_tests.languages import recorder_of
from assist_runner.characterization_tests.project_runs import ProjectCopy, ProjectRunner, has_sandbox
from assist_runner.characterization_tests.rust.cargo_runs import environ_of
from assist_runner.characterization_tests.typescript.script_runners import (
    command_for,
    script_runner,
    words_for_tests,
)
from assist_runner.sandbox.mutants import mutants
from assist_server.cli.commands.question_place import QuestionContext, TerminalQuestion
from assist_server.cli.commands.question_run import decide_run
from assist_server.cli.flags import Asking
from assist_server.config.config import Config, load_lenient
from assist_server.errors import UserError
from assist_server.questions.decision import AnswerContext
from assist_server.questions.events import AnswerSink, FinalAnswer
from assist_server.questions.session import AnswerSession
from assist_server.workspace.git_access import make_git


class NoModel:
    """In place of the local model: it proposes no call, and guesses nothing."""

    model = "none"
    window = 1 << 20
    prefill = 60.0
    result = LocalAnswer("", "stop")
    read = 0
    written = 0

    def count(self, text: str) -> int:
        return len(text) // 4

    def answer(self, _: Conversation) -> "NoModel":
        return self

    async def unread(self) -> int:
        return 0

    async def __aiter__(self) -> AsyncGenerator[str, None]:
        return
        yield

    async def aclose(self) -> None:
        """Nothing is open."""

    def close(self) -> None:
        """Nothing is open."""


MUTANTS = 8
NOT_SOURCE = {
    "docs",
    "doc",
    "examples",
    "_examples",
    "example",
    "benchmarks",
    "bench",
    "scripts",
    "fuzz",
    "benches",
}
GROUPS = {"typescript": ("typescript", "tsx", "javascript")}


def functions_of(root: Path, language: str, config: Config) -> Iterator[CallSubject]:
    """The functions of a repository, but for tests and examples."""
    recorder = recorder_of(language)
    program = find_git(make_git(config), str(root))
    if recorder is None or program is None:
        raise SystemExit(f"{language} is not run, or git is missing")
    tree = open_tree(program, str(root.resolve()), never)
    for path in sorted({row[4] for row in list_tracked(tree, never)}):
        kind = language_of(path)
        source = root / path
        if kind.name not in GROUPS.get(language, (language,)) or is_test(path) or not source.is_file():
            continue
        if NOT_SOURCE & set(Path(path).parts) or re.search(r"\.(?:d|bench|config)\.\w+$", path):
            continue
        text = source.read_text(encoding="utf-8", errors="replace")
        found = symbols(kind, text).definitions
        functions = {site.qualified for site in found if site.kind in FUNCTIONS}
        for site in found:  # but for those inside of functions, which no one can name
            if (
                site.kind in FUNCTIONS
                and site.end_line - site.start_line >= 2
                and site.parent not in functions
                and not (kind.name == "rust" and _is_left_out(text, site.start_line))
                and not {"tests", "test"} & set(site.qualified.split(".")[:-1])  # modules of tests
            ):
                yield CallSubject(path, text, site.qualified, site.start_line, site.end_line)


def _is_left_out(text: str, line: int) -> bool:
    """Whether a function of Rust is a test, or is compiled only with a feature or on another system."""
    above = text.splitlines()[max(0, line - 4) : line + 3]
    return any(row.strip().startswith(("#[test]", "#[cfg(")) for row in above)


def mutants_of(subject: CallSubject, seed: int, count: int = 2) -> list[str]:
    """Texts of its file with a mistake in the function."""
    language = language_of(subject.path)
    recorder = recorder_of(language.name)
    body = recorder.body(subject) if recorder else None
    return [] if body is None else mutants(language, subject.text, body, random.Random(seed), count)


def draw(
    roots: Sequence[Path], language: str, count: int, seed: int, config: Config
) -> list[tuple[Path, CallSubject]]:
    """So many functions by chance, as many of each repository as there is room for."""
    rng = random.Random(seed)
    found = []
    for root in roots:
        own = [(root, subject) for subject in functions_of(root, language, config)]
        rng.shuffle(own)
        found.append(list(islice((row for row in own if len(mutants_of(row[1], 2)) == 2), count)))
    drawn = []
    for number in range(count):
        drawn += [rows[number] for rows in found if number < len(rows)]
    return drawn[:count]


async def record(decided: AnswerContext, local: Any) -> tuple[FinalAnswer, list[str]]:
    """The answer of the product, and its notices."""
    notices: list[str] = []

    async def load() -> Any:
        return local

    return await AnswerSession(load, sink=AnswerSink(notice=notices.append), records=False).answer(
        decided
    ), notices


def judge(
    root: Path, subject: CallSubject, decided: AnswerContext, final: FinalAnswer, config: Config
) -> dict[str, Any]:
    """Whether the tests pass, and how many mutants they and the existing tests notice."""
    plan = decided.found
    recorded = final.proof.recorded if final.proof else None
    if not (isinstance(plan, RecordingPlan) and plan.language and plan.material and plan.command):
        return {}
    change = final.plan.changes[0] if final.plan else None
    names = placed_names(plan, change, recorded.tests) if change and recorded else []
    found: list[tuple[bool, bool]] = []
    passes = False
    parses = False
    copy = ProjectCopy(
        ProjectRunner(root, plan.command, has_sandbox(root), make_git(config)), {}, lambda: False
    )
    try:
        if change:
            language = language_of(change.path)
            parses = (errors(language, change.after) or 0) <= (errors(language, change.before) or 0)
            with copy.files({change.path: change.after}):
                passes = plan.language.run_tests(copy, plan.material, change.path, names, 60.0).passed
        whole = existing_pass(copy, plan)
        unknown = bool(plan.material.test_paths) and not whole
        for text in mutants_of(subject, 2, MUTANTS):
            with copy.files({subject.path: text}):
                known = whole and not existing_pass(copy, plan)
            new = False
            if change and passes:
                with copy.files({change.path: change.after, subject.path: with_tests(change, subject, text)}):
                    result = plan.language.run_tests(copy, plan.material, change.path, names, 30.0)
                if not result.built:
                    continue
                new = not result.passed
            found.append((known, new))
    finally:
        copy.close()
    return {"passes": passes, "parses": parses, "unknown": unknown, **shares(found), "text": text_of(change)}


def shares(found: Sequence[tuple[bool, bool]]) -> dict[str, int]:
    """How many mutants were tried, missed by existing tests, and noticed of these by the new ones."""
    missed = [new for known, new in found if not known]
    return {"tried": len(found), "missed": len(missed), "noticed": sum(missed)}


def text_of(change: Any) -> str:
    """What a change adds, to be read by a person."""
    if change is None:
        return ""
    lines = (change.before.splitlines(keepends=True), change.after.splitlines(keepends=True))
    return "".join(difflib.unified_diff(*lines, n=1))


def placed_names(plan: RecordingPlan, change: Any, tests: Sequence[str]) -> list[str]:
    """The names by which the runner knows the new tests."""
    if plan.language is None or plan.material is None:
        return []
    if plan.material.subject.path.endswith(".rs"):
        found = re.findall(r"(?m)^( *)(?:mod (\w+) \{|fn (\w+)\(\))", change.after)
        module = "self"
        names: list[str] = []
        for indent, mod, name in found:
            module = mod or (module if indent else "self")
            names += [f"{module}::{name}"] if name in tests else []
        return names
    if plan.material.subject.path.endswith(".py"):
        tree = ast.parse(change.after)
        return [
            f"{node.name}::{part.name}" if isinstance(node, ast.ClassDef) else part.name
            for node in tree.body
            for part in (node.body if isinstance(node, ast.ClassDef) else [node])
            if isinstance(part, ast.FunctionDef) and part.name in tests
        ]
    return list(tests)


def existing_pass(copy: ProjectCopy, plan: RecordingPlan) -> bool:
    """Whether the existing files of tests that name the function pass; False where there are none."""
    material = plan.material
    command = plan.command
    if material is None or command is None:
        return False
    paths = [path for path in material.test_paths if (copy.tree / path).is_file()]
    if material.subject.path.endswith(".rs"):
        words = ["cargo", "test", "--offline", "--target-dir", str(copy.seen_at / "target")]
        return copy.run(words, 120.0, environ_of(copy)).code == 0
    if not paths:
        return False
    if material.subject.path.endswith(".py"):
        words = [command.words[0], "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *paths]
        return copy.run(words, 300.0).code == 0
    runner = script_runner(copy.runner.root, material.subject.path)
    return (
        copy.run(words_for_tests(runner, copy, paths, ()), 60.0, None, command_for(runner, command)).code == 0
    )


def with_tests(change: Any, subject: CallSubject, text: str) -> str:
    """The mutant, with the new tests where these are in the same file."""
    if change.path != subject.path:
        return text
    before, after = change.before.splitlines(True), change.after.splitlines(True)
    added = [
        (old, after[new_first:new_last])
        for kind, old, _, new_first, new_last in difflib.SequenceMatcher(
            None, before, after, False
        ).get_opcodes()
        if kind != "equal"
    ]
    lines = text.splitlines(True)
    shift = len(lines) - len(before)
    for old, block in sorted(added, reverse=True):
        at = old + (shift if old >= subject.last else 0)
        lines[at:at] = block
    return "".join(lines)


def one(root: Path, subject: CallSubject, config: Config) -> dict[str, Any]:
    start = time.monotonic()
    asked = TerminalQuestion(
        "test",
        f"{subject.path}:{subject.first}-{subject.last}",
        "",
        context=QuestionContext(run=True),
        users=True,
    )
    decided = decide_run(config, asked, Asking(local=True, workspace=root))
    final, notices = asyncio.run(record(decided, NoModel()))
    seconds = round(time.monotonic() - start, 1)
    recorded = final.proof.recorded if final.proof else None
    why = str(final.problem) if final.problem else final.text if not final.plan else ""
    row: dict[str, Any] = {"seconds": seconds, "notices": notices, "why": why}
    if recorded is not None:
        row |= {
            "calls": len(recorded.tests),
            "branches": recorded.branches,
            "mutants": recorded.mutants,
            "new_mutants": recorded.new_mutants,
            "tested": dict(recorded.tested),
            "words": recorded.words,
            "left_out": dict(recorded.left_out),
        }
    row |= judge(root, subject, decided, final, config)
    return {**row, "verdict": verdict_of(row)}


def verdict_of(row: dict[str, Any]) -> str:
    """What a row is: "adds", "complete" where nothing was missing, "weak", "none", or "unjudged".

    No one can judge it where tests pass and no mutant is left that existing tests miss, and where existing
    tests do not pass as they are.
    """
    missed = row.get("missed", 0)
    is_complete = row["why"].startswith("No missing test was found")
    if (row.get("passes") and not missed) or (is_complete and row.get("unknown")):
        return "unjudged"
    if row.get("passes"):
        return "adds" if row["noticed"] * 2 >= missed else "weak"
    if is_complete:
        return "complete" if not missed else "weak"
    return "none"


def table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The shares by language as lines of Markdown."""
    lines = [
        "| language | functions | pass and add | nothing missing | not judged | notice less | none | right "
        "| median s | most s |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for language in (*dict.fromkeys(row["language"] for row in rows), ""):
        own = [row for row in rows if not language or row["language"] == language]
        counts = [
            sum(row["verdict"] == kind for row in own)
            for kind in ("adds", "complete", "unjudged", "weak", "none")
        ]
        seconds = sorted(row["seconds"] for row in own)
        share = (counts[0] + counts[1]) / len(own)
        lines.append(
            f"| {language or 'all'} | {len(own)} | {' | '.join(map(str, counts))} | {share:.0%} "
            f"| {seconds[len(own) // 2]} | {seconds[-1]} |"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--language", default="python", choices=("python", "typescript", "rust"))
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument(
        "--minutes", type=float, default=60.0, help="stop after so long; the next run goes on"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    flags = parser.parse_args()
    config = load_lenient()
    known = (
        [json.loads(line) for line in flags.out.read_text().splitlines()]
        if flags.out and flags.out.is_file()
        else []
    )
    done = {row["id"] for row in known}
    until = time.monotonic() + 60 * flags.minutes
    for root, subject in draw(flags.folders, flags.language, flags.count, flags.seed, config):
        name = f"{root.name}/{subject.path}:{subject.first} {subject.name}"
        if name in done or time.monotonic() > until:
            continue
        try:
            row = one(root, subject, config)
        except (UserError, CompletionError, EscalationError, OSError) as error:
            row = {"verdict": "none", "why": f"{type(error).__name__}: {error}", "seconds": 0.0}
        row = {"id": name, "language": flags.language, **row}
        known.append(row)
        print({key: value for key, value in row.items() if key not in ("text", "notices")}, file=sys.stderr)
        if flags.out:
            with flags.out.open("a") as file:
                file.write(json.dumps(row) + "\n")
    print("\n".join(table(known)))


if __name__ == "__main__":
    main()
