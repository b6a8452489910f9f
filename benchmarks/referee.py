"""Real bug fixes with the tests as a referee: how many are proven, and are the proven ones right?

    uv run python benchmarks/referee.py mine FOLDER... --tasks FILE [--count 40] [--path PATH]
    uv run python benchmarks/referee.py computed --tasks FILE --out FILE [--path PATH] [--search SECONDS]
    uv run python benchmarks/referee.py run --tasks FILE --out FILE [--path PATH]

A task is a commit that changes one Python definition and tests: with the old code some tests of its files
fail, with the new code they pass. The wish is the commit's subject. The user has one failing test, as someone
who has written a test first: every second one that fails is given, the others are held back. Of a test that
is given, what comes after its first statement that fails is held back as well. Without any test nothing is
proven, whatever the edit: that arm needs no run.

`computed` asks no model: an edit is offered if the referee accepts a small change. In `run`, `first` is the
model's first answer, which is all that there is without a referee; `offered` is what the referee offers. An
edit is right if all tests of the commit's files pass that pass with the commit, those held back too. PATH
begins with the folder of a Python that has what the tests import. The files get a line of JSON for each
commit, and those that they have are not run again.
"""

import argparse
import ast
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

from assist_context.code.symbols import symbols
from assist_context.evidence.call_graph import TargetLines
from assist_context.languages import language_of
from assist_context.relations.counterparts import is_test
from assist_evaluation.mining.changed_lines import PAGE
from assist_evaluation.mining.patched_commits import PatchedCommit
from assist_evaluation.mining.small_commits import definition_around
from assist_evaluation.mining.sources import MinedRepository, is_source, open_repository
from assist_evaluation.proportions import wilson
from assist_evaluation.tasks import EvalTask
from assist_runner.answering.computed_search import SearchBounds, search_fix
from assist_runner.answering.referee_plan import RefereePlan
from assist_runner.characterization_tests.project_runs import ProjectCopy, ProjectRunner, has_sandbox
from assist_runner.computed_fixes.failures import FailedTest, find_failed
from assist_runner.referee.edit_referee import EditReferee
from assist_runner.referee.test_results import TestResults, naming_tests, results_of
from assist_runner.sandbox.test_command import find_test_command
from assist_server.config.config import Config, load_lenient
from assist_server.errors import UserError
from assist_server.local_model.opening import open_local
from assist_server.questions.composition import decision_inputs
from assist_server.questions.decision import AnswerContext, decide
from assist_server.questions.draft import Question
from assist_server.questions.events import FinalAnswer
from assist_server.questions.locations import read_document
from assist_server.questions.session import AnswerSession
from assist_server.questions.targets import QuestionFolders, QuestionTarget, resolve_target
from assist_server.workspace.folder_index import open_corpus
from assist_server.workspace.git_access import make_git
from assist_server.workspace.index_update import open_folder, update_index

MAX_COMMITS = 3_000
MAX_LINES = 24  # removed and added together
MAX_FAILING = 40  # tests: with more, the old code does not even import
SECONDS = 40.0
MAX_TRIED = 14  # commits of a repository that are run
WORDS = (
    *("fix", "bug", "wrong", "incorrect", "crash", "error", "correct", "handle", "don't", "do not", "avoid"),
    *("prevent", "ensure", "regression", "issue"),
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
    for skip in range(0, MAX_COMMITS, PAGE):
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
            if sum(len(hunk.removed) + len(hunk.added) for hunk in hunks) > MAX_LINES:
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
    copy = ProjectCopy(ProjectRunner(place, command, has_sandbox(place), make_git(config)), {}, lambda: False)
    try:
        with copy.files(texts):
            return results_of(copy.run(command.words, SECONDS), command)
    finally:
        copy.close()


def mine(root: str, count: int, known: set[str], config: Config) -> Iterator[BugFix | str]:
    """The fixes of a repository; of other commits that were run, their ids."""
    repository = open_repository(make_git(config), root)
    found = 0
    tried = 0
    for commit, task, files in candidates(repository):
        if found == count or tried == MAX_TRIED:
            return
        if commit.id in known:
            continue
        places = [(commit.parent, task.path), (commit.id, task.path)]
        old, new = (repository.texts_of(places).get(place, "") for place in places)
        site = definition_around(task, old) if old and new else None
        if site is None or site.kind == "class":
            continue
        tried += 1
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
            again = test_run(place, fix.command(hold=False), {task.path: new}, config)
        passing = after.passed & again.passed  # a name may have the time in it, and no other run has that one
        failing = sorted(passing & before.failed)
        if not after.named or not 0 < len(failing) <= MAX_FAILING or not before.named:
            yield commit.id
            continue
        held = tuple(name for name in failing[1::2] if not any(one.startswith(name) for one in failing[::2]))
        shown = tuple(name for name in failing if name not in held)
        found += 1
        yield replace(fix, shown=shown, held=held, passing=tuple(sorted(passing)))


def given_tests(place: Path, fix: BugFix, failures: Sequence[FailedTest]) -> dict[str, str]:
    """The test files without what comes after the first statement that fails, in the tests that are given."""
    texts = {path: (place / path).read_text(encoding="utf-8") for path in fix.files}
    cuts: dict[str, list[range]] = {}
    for name in fix.shown:
        path, *_ = name.split("::")
        failed = find_failed(failures, name)
        lines = [frame.line for frame in failed.frames if frame.path == path] if failed else []
        rest = _lines_after(texts[path], lines[0]) if lines and path in texts else None
        if rest is not None and rest not in cuts.setdefault(path, []):
            cuts[path].append(rest)
    for path, ranges in cuts.items():
        lines = texts[path].splitlines(keepends=True)
        texts[path] = "".join(
            line for at, line in enumerate(lines, 1) if not any(at in place for place in ranges)
        )
    return {path: texts[path] for path, ranges in cuts.items() if ranges}


def _lines_after(text: str, line: int) -> range | None:
    """The lines of a test after its statement in a line; None if there are none, or that one is a loop."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            for statement in node.body[:-1]:
                last = statement.end_lineno or statement.lineno
                if statement.lineno <= line <= last and isinstance(
                    statement, (ast.Assert, ast.Expr, ast.With)
                ):
                    return range(last + 1, (node.body[-1].end_lineno or last) + 1)
    return None


def attempt_computed(fix: BugFix, config: Config, search: float) -> dict[str, Any]:
    """What is offered without a model, judged by all tests."""
    row: dict[str, Any] = {"id": fix.id, "root": Path(fix.root).name, "words": fix.words}
    with tempfile.TemporaryDirectory() as folder:
        place = checkout(fix.root, fix.parent, fix.id, fix.files, Path(folder))
        cut = _give(fix, place, config)
        command = find_test_command(place, config.programs["PATH"], fix.command(hold=True))[0]
        copy = ProjectCopy(
            ProjectRunner(place, command, has_sandbox(place), make_git(config)), {}, lambda: False
        )
        began = time.monotonic()
        try:
            referee = EditReferee(copy, command, None)
            referee.begin()
            text = (place / fix.path).read_bytes().decode("utf-8")
            before = referee.before
            if before is None or not set(fix.shown) & before.failing:
                return row | {"error": "it does not fail here"}
            ready = time.monotonic()
            asked = Question("fix", fix.words, _target(place, fix, text))
            plan = RefereePlan(str(place), asked=True)
            searched = search_fix(referee, asked, plan, lambda _: None, SearchBounds(search))
        except UserError as error:
            return row | {"error": str(error)}
        finally:
            copy.close()
        done = time.monotonic()
        found = searched.fix if searched else None
        after = found.plan.changes[0].after if found else ""
        judged = _judge_text(fix, place, after, cut, config) if found else "none"
    return row | {
        "held": len(fix.held) + len(cut),
        "offered": judged,
        "said": found.words if found else "",
        "sole": bool(found and not found.others),
        "tried": searched.words if searched else "",
        "suspicious": [line.line for line in searched.suspicious] if searched else [],
        "begin_seconds": round(ready - began, 1),
        "search_seconds": round(done - ready, 1),
    }


def _give(fix: BugFix, place: Path, config: Config) -> dict[str, str]:
    """Write the test files as the user has them; the whole ones by path, of those that were cut."""
    command = naming_tests(find_test_command(place, config.programs["PATH"], fix.command(hold=True))[0])
    copy = ProjectCopy(ProjectRunner(place, command, has_sandbox(place), make_git(config)), {}, lambda: False)
    try:
        found = results_of(copy.run(command.words, SECONDS), command)
    finally:
        copy.close()
    whole: dict[str, str] = {}
    for path, text in given_tests(place, fix, found.failures).items():
        whole[path] = (place / path).read_text(encoding="utf-8")
        (place / path).write_text(text, encoding="utf-8")
    return whole


def _target(place: Path, fix: BugFix, text: str) -> QuestionTarget:
    sites = symbols(language_of(fix.path), text).definitions
    around = [site for site in sites if site.start_line <= fix.line <= site.end_line]
    site = min(around, key=lambda one: one.end_line - one.start_line)
    lines = TargetLines(fix.path, site.start_line, site.end_line)
    return QuestionTarget(lines, read_document(place / fix.path), site.qualified)


def _judge_text(fix: BugFix, place: Path, after: str, whole: Mapping[str, str], config: Config) -> str:
    found = test_run(place, fix.command(hold=False), {**whole, fix.path: after}, config)
    return "right" if set(fix.passing) <= found.passed else "wrong"


async def attempt(fix: BugFix, config: Config, local: Any) -> dict[str, Any]:
    """The first answer and the referee's, each judged by all tests."""
    with tempfile.TemporaryDirectory() as folder:
        place = checkout(fix.root, fix.parent, fix.id, fix.files, Path(folder))
        cut = await asyncio.to_thread(_give, fix, place, config)
        own = replace(config, paths=replace(config.paths, data=Path(folder, "data")))
        index = open_folder(own, place)
        await asyncio.to_thread(update_index, own, index, lambda *_: None)
        corpus = open_corpus(index)
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
            "held": len(fix.held) + len(cut),
        }
        for kind, question in (("first", replace(decided, strategy=None, found=None)), ("offered", decided)):
            began = time.monotonic()
            final = await _answer(question, local)
            seconds = time.monotonic() - began
            rows[kind] = await asyncio.to_thread(_judge, fix, place, final, cut, config)
            rows[f"{kind}_seconds"] = round(seconds, 1)
        proof = final.proof
        rows |= {"proof": proof.kind if proof else "none", "said": proof.words if proof else ""}
        rows["attempts"] = proof.attempts if proof else 1
    return rows


async def _answer(decided: AnswerContext, local: Any) -> FinalAnswer:
    async def load() -> Any:
        return local

    return await AnswerSession(load, records=False).answer(decided)


def _judge(fix: BugFix, place: Path, final: FinalAnswer, whole: Mapping[str, str], config: Config) -> str:
    if final.plan is None:
        return "refused"
    texts = {**whole, **{change.path: change.after for change in final.plan.changes}}
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


def computed_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """How many are offered as proven without a model, and how many of these are right."""
    shares = Counter(row["offered"] for row in rows)
    offered = [row for row in rows if row["offered"] != "none"]
    held = [row for row in offered if row["held"]]
    good = sum(row["offered"] == "right" for row in held)
    low, high = wilson(shares["right"], len(offered)) if offered else (0.0, 1.0)
    share = shares["right"] / max(1, len(offered))
    return [
        "| fixes | proven | right | wrong | right, of those with tests held back |",
        "|---|---|---|---|---|",
        f"| {len(rows)} | {len(offered)} ({len(offered) / max(1, len(rows)):.0%}) | {shares['right']} | "
        f"{shares['wrong']} | {good} of {len(held)} |",
        f"\nRight of the proven: {share:.0%} (95 %: {low:.0%} to {high:.0%}).",
    ]


def fix_of(row: Mapping[str, Any]) -> BugFix:
    lists = {name: tuple(row[name]) for name in ("files", "shown", "held", "passing")}
    return BugFix(**{**row, **lists})


def run_computed(flags: argparse.Namespace, config: Config) -> None:
    done = {row["id"] for row in read(flags.out)}
    for row in read(flags.tasks):
        if row.get("shown") and row["id"] not in done and time.monotonic() < flags.until:
            found = attempt_computed(fix_of(row), config, flags.search)
            add(flags.out, found)
            print(json.dumps(found), file=sys.stderr)


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
            try:
                found = await attempt(fix_of(row), config, local)
            except (UserError, subprocess.CalledProcessError) as error:
                found = {"id": row["id"], "error": str(error)}
            add(flags.out, found)
            print(json.dumps(found), file=sys.stderr)
    finally:
        local.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=("mine", "computed", "run", "table"))
    parser.add_argument("folders", nargs="*")
    parser.add_argument("--tasks", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--path", default="", help="folders before those of PATH")
    parser.add_argument("--model", default="qwen2.5-coder-1.5b")
    parser.add_argument("--search", type=float, default=60.0, help="seconds for small changes, of each fix")
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
    elif flags.what == "computed":
        run_computed(flags, config)
    elif flags.what == "run":
        asyncio.run(run(flags, config))
    if flags.out:
        rows = read(flags.out)
        if models := [row for row in rows if "first" in row]:
            print("\n".join(table(models)))
        if computed := [row for row in rows if "search_seconds" in row]:
            print("\n".join(computed_table(computed)))


if __name__ == "__main__":
    main()
