"""Real bug fixes with the tests as a referee: how many are proven, and are the proven ones right?

    uv run python benchmarks/referee.py mine FOLDER... --tasks FILE [--count 40] [--path PATH]
    uv run python benchmarks/referee.py run --tasks FILE --out FILE [--path PATH]

A task is a commit that changes one Python definition and tests: with the old code some tests of its files
fail, with the new code they pass. The tests are there, as they are for someone who has written a failing test
first, but for every second one that fails: these are held back. `first` is the model's first answer, which is
all that there is without a referee; `offered` is what the referee offers. Both are right if all tests of the
commit's files pass that pass with the commit, those held back too. PATH begins with the folder of a Python
that has what the tests import. Both files get a line of JSON for each commit, and those that they have are
not run again.
"""

import argparse
import asyncio
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from assist_context.evidence.mentions import is_test
from assist_context.files.git_history import PatchedCommit
from assist_evaluation.mining.changed_lines import PAGE
from assist_evaluation.mining.small_commits import definition_around
from assist_evaluation.mining.sources import MinedRepository, is_source, open_repository
from assist_evaluation.tasks import EvalTask
from assist_server.config.config import Config, load_lenient
from assist_server.errors import UserError
from assist_server.local_model.opening import open_local
from assist_server.questions.composition import decision_inputs
from assist_server.questions.decision import DecidedQuestion, decide
from assist_server.questions.draft import Question
from assist_server.questions.events import FinalAnswer
from assist_server.questions.run import AnswerOptions, whole_answer
from assist_server.questions.targets import QuestionFolders, resolve_target
from assist_server.recorded_tests.project_runs import ProjectCopy, ProjectRunner, has_sandbox
from assist_server.referee.test_results import TestResults, naming_tests, results_of
from assist_server.sandbox.test_command import find_test_command
from assist_server.workspace.folder_index import corpus_of
from assist_server.workspace.git_access import git_of
from assist_server.workspace.index_update import folder_at, update_index

MOST_COMMITS = 3_000
MOST_LINES = 24  # removed and added together
MOST_FAILING = 40  # tests: with more, the old code does not even import
SECONDS = 90.0
WORDS = (
    *("fix", "bug", "wrong", "incorrect", "crash", "error", "correct", "handle", "don't", "do not", "avoid"),
    *("prevent", "ensure", "allow", "support", "regression", "issue"),
)
FIX = re.compile(rf"\b(?:{'|'.join(WORDS)})", re.IGNORECASE)


@dataclass(frozen=True)
class BugFix:
    """A commit with the tests that it makes pass: `shown` and `held` back. `passing` pass with it."""

    id: str
    root: str
    parent: str
    path: str
    line: int
    words: str
    files: tuple[str, ...]
    shown: tuple[str, ...]
    held: tuple[str, ...]
    passing: tuple[str, ...]

    def command(self, *, hold: bool) -> str:
        """The command for the tests, without those that are held back."""
        words = ["env", "PYTHONPATH=src", "python3", "-m", "pytest", "-p", "no:randomly", *self.files]
        words += [f"--deselect={name}" for name in self.held] if hold else []
        return shlex.join(words)


def candidates(repository: MinedRepository) -> Iterator[tuple[PatchedCommit, EvalTask, tuple[str, ...]]]:
    """The commits that change few lines of one definition, and tests."""
    for skip in range(0, MOST_COMMITS, PAGE):
        page = repository.commits(skip, PAGE)
        for commit in page:
            code = [file for file in commit.files if is_source(file.path) and not is_test(file.path)]
            code = [file for file in code if file.path.endswith(".py") and not file.path.startswith("docs/")]
            tests = tuple(
                file.path for file in commit.files if is_test(file.path) and file.path.endswith(".py")
            )
            tests = tuple(path for path in tests if Path(path).name.startswith("test_"))
            if len(code) != 1 or not tests or not commit.parent or not FIX.search(commit.subject):
                continue
            hunks = code[0].hunks
            if sum(len(hunk.removed) + len(hunk.added) for hunk in hunks) > MOST_LINES:
                continue
            first = min(hunk.old + (not hunk.removed) for hunk in hunks)
            last = max(hunk.old + max(0, len(hunk.removed) - 1) for hunk in hunks)
            task = EvalTask(commit.id, "edits", commit.parent, commit.id, code[0].path, "python", first, last)
            yield commit, task, tests
        if len(page) < PAGE:
            return


def checkout(root: str, parent: str, commit: str, files: Sequence[str], folder: Path) -> Path:
    """The code before a commit, with the tests of the commit."""
    place = folder / Path(root).name
    for words in (
        ("clone", "-q", "--shared", "--no-checkout", root, str(place)),
        ("-C", str(place), "checkout", "-q", parent),
        ("-C", str(place), "checkout", "-q", commit, "--", *files),
    ):
        subprocess.run(["git", *words], check=True, capture_output=True)  # noqa: S607
    return place


def test_run(place: Path, own: str, texts: Mapping[str, str], config: Config) -> TestResults:
    """What the tests of a checkout say with other texts in its files."""
    command = naming_tests(find_test_command(place, config.programs["PATH"], own)[0])
    copy = ProjectCopy(ProjectRunner(place, command, has_sandbox(place), git_of(config)), {}, lambda: False)
    try:
        with copy.files(texts):
            return results_of(copy.run(command.words, SECONDS), command)
    finally:
        copy.close()


def mine(root: str, count: int, known: set[str], config: Config) -> Iterator[BugFix | str]:
    """The fixes of a repository; of other commits that were run, their ids."""
    repository = open_repository(git_of(config), root)
    found = 0
    for commit, task, files in candidates(repository):
        if found == count:
            return
        if commit.id in known:
            continue
        places = [(commit.parent, task.path), (commit.id, task.path)]
        old, new = (repository.texts_of(places).get(place, "") for place in places)
        site = definition_around(task, old) if old and new else None
        if site is None or site.kind == "class":
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                place = checkout(root, commit.parent, commit.id, files, Path(folder))
            except subprocess.CalledProcessError:
                continue
            fix = BugFix(
                commit.id, root, commit.parent, task.path, site.start_line, commit.subject, files, (), (), ()
            )
            before = test_run(place, fix.command(hold=False), {}, config)
            after = test_run(place, fix.command(hold=False), {task.path: new}, config)
        failing = sorted(after.passed - before.passed)
        if not after.named or not 0 < len(failing) <= MOST_FAILING or not before.named:
            yield commit.id
            continue
        held = tuple(name for name in failing[1::2] if not any(one.startswith(name) for one in failing[::2]))
        shown = tuple(name for name in failing if name not in held)
        found += 1
        yield replace(fix, shown=shown, held=held, passing=tuple(sorted(after.passed)))


async def attempt(fix: BugFix, config: Config, local: Any) -> dict[str, Any]:
    """The first answer and the referee's, each judged by all tests."""
    with tempfile.TemporaryDirectory() as folder:
        place = checkout(fix.root, fix.parent, fix.id, fix.files, Path(folder))
        own = replace(config, paths=replace(config.paths, data=Path(folder, "data")))
        index = folder_at(own, place)
        await asyncio.to_thread(update_index, own, index, lambda *_: None)
        corpus = corpus_of(index)
        try:
            target = await asyncio.to_thread(resolve_target, corpus, f"{fix.path}:{fix.line}")
            inputs = await asyncio.to_thread(decision_inputs, config, [corpus.root])
            asked = Question("fix", fix.words, target, wish="local", run=True)
            asked = replace(asked, test_command=fix.command(hold=True))
            decided = await asyncio.to_thread(decide, asked, QuestionFolders(corpus), inputs)
        finally:
            corpus.reader.close()
        rows: dict[str, Any] = {
            "id": fix.id,
            "root": Path(fix.root).name,
            "words": fix.words,
            "held": len(fix.held),
        }
        for kind, question in (("first", replace(decided, refereeing=None)), ("offered", decided)):
            began = time.monotonic()
            final = await _answer(question, local)
            seconds = time.monotonic() - began
            rows[kind] = await asyncio.to_thread(_judge, fix, place, final, config)
            rows[f"{kind}_seconds"] = round(seconds, 1)
        proof = final.proof
        rows |= {"proof": proof.kind if proof else "none", "said": proof.words if proof else ""}
        rows["attempts"] = proof.attempts if proof else 1
    return rows


async def _answer(decided: DecidedQuestion, local: Any) -> FinalAnswer:
    async def load() -> Any:
        return local

    async def refuse(_: Any) -> bool:
        return False

    return await whole_answer(decided, AnswerOptions(load, refuse, records=False))


def _judge(fix: BugFix, place: Path, final: FinalAnswer, config: Config) -> str:
    if final.plan is None:
        return "refused"
    texts = {change.path: change.after for change in final.plan.changes}
    found = test_run(place, fix.command(hold=False), texts, config)
    return "right" if set(fix.passing) <= found.passed else "wrong"


def table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Without and with a referee, next to each other, as lines of Markdown."""
    count = max(1, len(rows))
    proven = [row for row in rows if row["proof"] == "tests"]
    lines = ["| | fixes | right | wrong | refused | median s |", "|---|---|---|---|---|---|"]
    for name, kind in (("first answer, no referee", "first"), ("offered by the referee", "offered")):
        shares = Counter(row[kind] for row in rows)
        seconds = sorted(row[f"{kind}_seconds"] for row in rows)[len(rows) // 2]
        cells = " | ".join(
            f"{shares[one]} ({shares[one] / count:.0%})" for one in ("right", "wrong", "refused")
        )
        lines.append(f"| {name} | {len(rows)} | {cells} | {seconds:.0f} |")
    good = sum(row["offered"] == "right" for row in proven)
    held = [row for row in proven if row["held"]]
    lines.append(f"\nProven: {len(proven)} of {len(rows)}. Of these {good} pass all tests of the commit;")
    lines.append(f"of {len(held)} with tests held back, {sum(row['offered'] == 'right' for row in held)}.")
    return lines


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def add(file: Path, row: Mapping[str, Any]) -> None:
    with file.open("a") as out:
        out.write(json.dumps(row) + "\n")


async def run(flags: argparse.Namespace, config: Config) -> None:
    done = {row["id"] for row in read(flags.out)}
    tasks = [row for row in read(flags.tasks) if row.get("shown")]
    local = await asyncio.to_thread(open_local, config)
    try:
        for row in tasks:
            if row["id"] in done or time.monotonic() > flags.until:
                continue
            lists = {name: tuple(row[name]) for name in ("files", "shown", "held", "passing")}
            try:
                found = await attempt(BugFix(**{**row, **lists}), config, local)
            except (UserError, subprocess.CalledProcessError) as error:
                found = {"id": row["id"], "error": str(error)}
            add(flags.out, found)
            print(json.dumps(found), file=sys.stderr)
    finally:
        local.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=("mine", "run", "table"))
    parser.add_argument("folders", nargs="*")
    parser.add_argument("--tasks", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--path", default="", help="folders before those of PATH")
    parser.add_argument("--model", default="qwen2.5-coder-1.5b")
    parser.add_argument("--minutes", type=float, default=600.0)
    flags = parser.parse_args()
    flags.until = time.monotonic() + 60 * flags.minutes
    config = load_lenient()
    config = replace(config, answers=replace(config.answers, model=flags.model))
    path = os.pathsep.join(filter(None, (flags.path, config.programs.get("PATH", ""))))
    config = replace(config, programs={**config.programs, "PATH": path})
    if flags.what == "mine":
        each = -(-flags.count // len(flags.folders))
        known = {row["id"] for row in read(flags.tasks)}
        for folder in flags.folders:
            own = sum(row.get("root") == folder and bool(row.get("shown")) for row in read(flags.tasks))
            for fix in mine(folder, each - own, known, config):
                row = {"id": fix} if isinstance(fix, str) else asdict(fix)
                add(flags.tasks, row)
                print(row["id"], row.get("words", "no fix"), len(row.get("held", ())), file=sys.stderr)
                if time.monotonic() > flags.until:
                    return
    elif flags.what == "run":
        asyncio.run(run(flags, config))
    if flags.out:
        print("\n".join(table([row for row in read(flags.out) if "first" in row])))


if __name__ == "__main__":
    main()
