"""New tests whose values come from running the code: how many pass, and do they notice a mistake?

    uv run python benchmarks/recorded_tests.py FOLDER... [--language rust] [--count 20] [--out FILE]

Functions and methods are drawn at random from repositories whose tests run without the network: with an
environment of their own (`.venv`), with `node_modules`, or, in Rust, with all crates fetched. They go through
the product's own path and the model on this machine, with the user's agreement given. The file is then run
once more by its runner, and with two mutants that are drawn again; of a language that is compiled, mutants
that do not compile are left out. A function counts if at least two mutants of it can be made. FILE gets a
line of JSON for each function; those that it has are not run again.
"""

import argparse
import asyncio
import json
import random
import re
import sys
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from assist_completion.errors import CompletionError
from assist_completion.inference.conversation import Conversation, LocalAnswer
from assist_context.files.git_repository import find_git, list_tracked, never, open_tree
from assist_context.languages import language_of
from assist_context.relations.counterparts import is_test
from assist_context.syntax.definitions import FUNCTIONS
from assist_context.syntax.symbols import symbols
from assist_escalation.errors import EscalationError
from assist_runner.answering.recording_plan import RecordingPlan
from assist_runner.recorded_tests.calls import CallSubject
from assist_runner.recorded_tests.languages import recorder_of
from assist_runner.recorded_tests.project_runs import ProjectCopy, ProjectRunner, has_sandbox
from assist_runner.recorded_tests.recording import with_added
from assist_runner.sandbox.mutants import mutants
from assist_server.cli.commands.question_place import QuestionContext, TerminalQuestion
from assist_server.cli.commands.question_run import decide_run
from assist_server.cli.flags import Asking
from assist_server.config.config import Config, load_lenient
from assist_server.errors import UserError
from assist_server.local_model.opening import open_local
from assist_server.questions.decision import AnswerContext
from assist_server.questions.events import AnswerSink, FinalAnswer
from assist_server.questions.session import AnswerSession
from assist_server.workspace.git_access import git_of


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
    program = find_git(git_of(config), str(root))
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
    """Whether the file passes, and how many of two mutants its new tests notice."""
    plan = decided.found
    recorded = final.proof.recorded if final.proof else None
    if not (
        isinstance(plan, RecordingPlan)
        and plan.language
        and plan.material
        and plan.command
        and final.plan
        and recorded
    ):
        return {}
    change = final.plan.changes[0]
    names = recorded.tests
    noticed = 0
    tried = 0
    copy = ProjectCopy(
        ProjectRunner(root, plan.command, has_sandbox(root), git_of(config)), {}, lambda: False
    )
    try:
        with copy.files({change.path: change.after}):
            whole = plan.language.run_tests(copy, plan.material, change.path, names, 60.0)
        for text in mutants_of(subject, 2, 8):
            changed = {change.path: change.after}
            changed[subject.path] = with_tests(change, subject, text)
            with copy.files(changed):
                result = plan.language.run_tests(copy, plan.material, change.path, names, 30.0)
            tried += result.built
            noticed += result.built and not result.passed
            if tried == 2:
                break
    finally:
        copy.close()
    return {"passes": whole.passed, "noticed": noticed, "tried": tried, "text": final.text}


def with_tests(change: Any, subject: CallSubject, text: str) -> str:
    """The mutant, with the tests at its end where these are in the same file."""
    return with_added(text, change.before, change.after) if change.path == subject.path else text


def one(root: Path, subject: CallSubject, local: Any, config: Config) -> dict[str, Any]:
    start = time.monotonic()
    asked = TerminalQuestion(
        "test",
        f"{subject.path}:{subject.first}-{subject.last}",
        "",
        context=QuestionContext(run=True),
        users=True,
    )
    decided = decide_run(config, asked, Asking(local=True, workspace=root))
    final, notices = asyncio.run(record(decided, local))
    seconds = round(time.monotonic() - start, 1)
    row: dict[str, Any] = {"seconds": seconds, "notices": notices, "passes": False, "noticed": 0}
    recorded = final.proof.recorded if final.proof else None
    if recorded is None or final.plan is None:
        problem = str(final.problem) if final.problem else ""
        return {**row, "proof": "none", "why": problem or "; ".join(notices[:1])}
    counts = {
        "calls": len(recorded.tests),
        "branches": recorded.branches,
        "mutants": recorded.mutants,
        "left_out": dict(recorded.left_out),
    }
    return {**row, "proof": "tests", **counts, **judge(root, subject, decided, final, config)}


def table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The shares by language as lines of Markdown."""
    lines = [
        "| language | functions | pass | notice a mutant of two | both | branches | median s | most s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for language in dict.fromkeys(row["language"] for row in rows):
        own = [row for row in rows if row["language"] == language]
        good = [row for row in own if row["passes"]]
        seconds = sorted(row["seconds"] for row in own)
        some, both = (sum(row["noticed"] >= least for row in good) for least in (1, 2))
        tried = sum(row.get("tried", 2) > 0 for row in good)  # some have no mutant that compiles
        reached = sum(row["branches"][0] for row in good)
        branches = sum(row["branches"][1] for row in good)
        lines.append(
            f"| {language} | {len(own)} | {len(good) / len(own):.0%} | {some / max(1, tried):.0%} "
            f"| {both} | {reached} of {branches} | {seconds[len(own) // 2]} | {seconds[-1]} |"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--language", default="python", choices=("python", "typescript", "rust"))
    parser.add_argument("--model", default="qwen2.5-coder-1.5b", help="the model for answers")
    parser.add_argument("--without-model", action="store_true", help="only what is proposed without a model")
    parser.add_argument("--count", type=int, default=20)
    parser.add_argument(
        "--minutes", type=float, default=60.0, help="stop after so long; the next run goes on"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    flags = parser.parse_args()
    config = load_lenient()
    config = replace(config, answers=replace(config.answers, model=flags.model))
    known = (
        [json.loads(line) for line in flags.out.read_text().splitlines()]
        if flags.out and flags.out.is_file()
        else []
    )
    done = {row["id"] for row in known}
    until = time.monotonic() + 60 * flags.minutes
    local = NoModel() if flags.without_model else open_local(config)
    try:
        for root, subject in draw(flags.folders, flags.language, flags.count, flags.seed, config):
            name = f"{root.name}/{subject.path}:{subject.first} {subject.name}"
            if name in done or time.monotonic() > until:
                continue
            try:
                row = one(root, subject, local, config)
            except (UserError, CompletionError, EscalationError, OSError) as error:
                row = {
                    "proof": "none",
                    "why": f"{type(error).__name__}: {error}",
                    "seconds": 0.0,
                    "passes": False,
                    "noticed": 0,
                }
            row = {"id": name, "language": flags.language, **row}
            known.append(row)
            print(
                {key: value for key, value in row.items() if key not in ("text", "notices")}, file=sys.stderr
            )
            if flags.out:
                with flags.out.open("a") as file:
                    file.write(json.dumps(row) + "\n")
    finally:
        local.close()
    print("\n".join(table(known)))


if __name__ == "__main__":
    main()
