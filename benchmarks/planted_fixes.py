"""Faults that tests notice, planted or from history: does `assist fix` repair them?

    uv run python benchmarks/planted_fixes.py plant FOLDER --tasks FILE [--faults 6]
    uv run python benchmarks/planted_fixes.py mine FOLDER --tasks FILE [--count 40]
    uv run python benchmarks/planted_fixes.py run --tasks FILE --out FILE [--set tuned]

FOLDER holds clones of the repositories in `bench/edits/fix_repositories.toml`, in which their tests pass.
Half of them are those that the product was tuned on. A planted fault changes one place of a function (kinds
and places by chance, `bench/edits/small_faults.py`); a mined one is the code before a commit that changed at
most three lines of it in one place, with the commit's tests. Only those count that a test notices, while all
tests pass without. If more than one test fails, every second one is held back from the user's command, where
the runner can leave tests out.

`run` does what a user would: `assist fix PATH:LINE "PROBLEM" --test COMMAND --local --run --yes --json` in a
copy whose history does not have the code without the fault; LINE is where the function begins. What was made
is judged by all tests, and compared with the text without the fault. `--only changes` runs nothing: it says
at which place of all small changes of the function the one is that gives the text back.
"""

import argparse
import difflib
import json
import os
import random
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assist_context.code.definitions import FUNCTIONS
from assist_context.code.symbols import symbols
from assist_context.languages import language_of
from assist_context.relations.counterparts import is_test
from assist_runner.characterization_tests.project_runs import ProjectCopy, ProjectRunner, has_sandbox
from assist_runner.computed_fixes.changes import changes
from assist_runner.referee.test_results import TestResults, naming_tests, results_of
from assist_runner.sandbox.test_command import find_test_command
from assist_server.config.config import load_lenient
from assist_server.workspace.git_access import make_git
from bench.edits.small_faults import MAKERS, faults_in

LISTS = Path(__file__).parent / "bench" / "edits" / "fix_repositories.toml"
SECONDS = 400.0  # of a run of all tests
MAX_TRIED = 6  # faults of a kind in one repository that are run
MAX_COMMITS = 40  # of one repository that are run
MAX_LINES = 3  # of code, removed or added
LANGUAGES = ("python", "javascript", "typescript", "go", "rust")
FIX_SECONDS = 400.0
HOMES = {"RUSTUP_HOME": str(Path.home() / ".rustup"), "CARGO_HOME": str(Path.home() / ".cargo")}


@dataclass(frozen=True)
class FixTask:
    """A fault: the file's text `before` it (without) and `after` it, and the tests.

    `tests` are files with the texts that they have in the commit of a mined fix; `revision` is what is
    checked out. `command` runs all tests, and `given` those that are not held back.
    """

    id: str
    root: str
    group: str
    path: str
    line: int
    kind: str
    before: str
    after: str
    failing: tuple[str, ...]
    command: str
    given: str
    revision: str = "HEAD"
    tests: tuple[tuple[str, str], ...] = ()
    problem: str = ""


def repositories(folder: Path, names: Sequence[str]) -> Iterator[tuple[Path, dict[str, str]]]:
    """The clones that are there, with what is known of each one; only some of them, if there are `names`."""
    for name, facts in tomllib.loads(LISTS.read_text(encoding="utf-8")).items():
        if (folder / name).is_dir() and (not names or name in names):
            yield folder / name, facts


class TestedRepository:
    """A copy of a repository in which its tests run.

    They are plain processes, so that what they build is kept; packages of node are only seen in the sandbox.
    """

    def __init__(self, root: Path, command: str) -> None:
        config = load_lenient()
        found = find_test_command(root, config.programs["PATH"], command)[0]
        self._command = naming_tests(found)
        confined = (root / "node_modules").is_dir() and has_sandbox(root)
        self._copy = ProjectCopy(ProjectRunner(root, found, confined, make_git(config)), {}, lambda: False)
        self.tree = self._copy.tree

    def results(self, texts: dict[str, str]) -> TestResults:
        """What the tests say with other texts of some files."""
        with self._copy.files(texts):
            run = self._copy.run(self._command.words, SECONDS, HOMES, self._command)
            return results_of(run, self._command)

    def close(self) -> None:
        self._copy.close()


def plant(flags: argparse.Namespace, known: Counter[str]) -> Iterator[FixTask]:
    """So many faults of each repository, the kinds in turns, each time those that it has least of."""
    for root, facts in repositories(flags.folder, flags.names):
        if not facts.get("sources") or known[root.name] >= flags.faults:
            continue
        rng = random.Random(f"{flags.seed} {root.name} {known[root.name]}")
        tested = TestedRepository(root, facts["command"])
        try:
            passing = tested.results({})
            if passing.failed:
                print(f"{root.name}: {sorted(passing.failed)[:3]} fail without a fault", file=sys.stderr)
                continue
            for kind in sorted(rng.sample(list(MAKERS), len(MAKERS)), key=lambda kind: known[kind]):
                task = _plant_one(tested, root, facts, kind, rng, passing)
                if task is not None:
                    known.update([root.name, kind])
                    yield task
                if known[root.name] >= flags.faults:
                    break
        finally:
            tested.close()


def _plant_one(
    tested: TestedRepository,
    root: Path,
    facts: dict[str, str],
    kind: str,
    rng: random.Random,
    passing: TestResults,
) -> FixTask | None:
    files = [path for pattern in facts["sources"].split() for path in sorted(root.glob(pattern))]
    files = [path for path in files if not is_test(path.relative_to(root).as_posix())]
    texts = {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in files}
    pool = [fault for path, text in texts.items() for fault in faults_in(path, text, kind, rng)]
    rng.shuffle(pool)
    for fault in pool[:MAX_TRIED]:
        text = texts[fault.path]
        after = fault.apply_to(text)
        results = tested.results({fault.path: after})
        failing = sorted(results.failed)
        if not failing or (passing.named and not results.named):
            continue  # no test notices, or it does not compile or end
        site = _function_around(fault.path, after, fault.line)
        print(f"{root.name} {kind} {fault.path}:{fault.line} {len(failing)} fail", file=sys.stderr)
        return FixTask(
            f"{root.name}:{fault.path}:{fault.line}:{kind}", str(root), facts["set"], fault.path, site, kind,
            text, after, tuple(failing), facts["command"], holding_back(facts["command"], failing[1::2]),
            problem=f"{failing[0]} fails",
        )  # fmt: skip
    return None


def _function_around(path: str, text: str, line: int) -> int:
    """The line where the innermost function around a line begins."""
    sites = symbols(language_of(path), text).definitions
    around = [site for site in sites if site.kind in FUNCTIONS and site.start_line <= line <= site.end_line]
    return max((site.start_line for site in around), default=line)


def holding_back(command: str, names: Sequence[str]) -> str:
    """The command without some tests, where its runner can leave them out."""
    if not names:
        return command
    if "pytest" in command:
        return " ".join([command, *(f"--deselect={shlex.quote(name)}" for name in names)])
    if command.startswith("go test"):
        tops = "|".join(sorted({name.split("/")[0] for name in names}))
        return command.replace("go test", f"go test '-skip=^({tops})$'")
    return command


def mine(flags: argparse.Namespace, known: set[str]) -> Iterator[FixTask | str]:
    """Real fixes of the repositories in turns, and the ids of commits that are none."""
    queues = [_mine_one(root, facts, known) for root, facts in repositories(flags.folder, flags.names)]
    found = 0
    while queues and found < flags.count:
        for queue in list(queues):
            row = next(queue, None)
            while isinstance(row, str):
                yield row
                row = next(queue, None)
            if row is None:
                queues.remove(queue)
                continue
            yield row
            found += 1


def _mine_one(root: Path, facts: dict[str, str], known: set[str]) -> Iterator[FixTask | str]:
    tried = 0
    for commit in _git(root, "log", "--format=%H", "--no-merges", "-3000").split():
        if commit in known or tried == MAX_COMMITS:
            continue
        change = _small_change(root, commit)
        if change is None:
            continue
        tried += 1
        path, line, tests = change
        task = _mined_task(root, facts, commit, path, line, tests)
        yield task or commit


def _small_change(root: Path, commit: str) -> tuple[str, int, tuple[str, ...]] | None:
    """The file of code of a commit that changes few lines in one place, the line, and its files of tests."""
    parts = _git(root, "show", "--format=", "-U0", "--no-renames", commit).split("diff --git ")
    code, tests = [], []
    for part in parts[1:]:
        path = re.match(r"a/(\S+)", part)
        if path is None or language_of(path[1]).name not in (
            "python",
            "javascript",
            "typescript",
            "go",
            "rust",
        ):
            continue
        (tests if is_test(path[1]) else code).append((path[1], part))
    if len(code) != 1 or not tests:
        return None
    path, text = code[0]
    hunks = re.findall(r"^@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@", text, re.MULTILINE)
    if len(hunks) != 1 or any(int(size or 1) > MAX_LINES for size in hunks[0][1:]):
        return None
    start, removed, _ = hunks[0]
    return path, max(1, int(start) + (removed == "0")), tuple(name for name, _ in tests)


def _mined_task(
    root: Path, facts: dict[str, str], commit: str, path: str, line: int, tests: tuple[str, ...]
) -> FixTask | None:
    parent = f"{commit}^"
    before, after = (_git(root, "show", f"{revision}:{path}") for revision in (commit, parent))
    texts = tuple((name, text) for name in tests if (text := _git(root, "show", f"{commit}:{name}")))
    if not before or not after or not texts:
        return None
    with tempfile.TemporaryDirectory(dir=root.parent) as place:
        clone = checked_out(root, parent, Path(place))
        _commit_all(clone)
        tested = TestedRepository(clone, facts["command"])
        try:
            fixed = tested.results({**dict(texts), path: before})
            failing = sorted(tested.results({**dict(texts), path: after}).failed) if fixed.passed else []
        finally:
            tested.close()
    failing = [name for name in failing if name in fixed.passed]
    if not failing:
        return None
    broken = sorted(fixed.failed)
    subject = _git(root, "log", "-1", "--format=%s", commit).strip()
    command = holding_back(facts["command"], broken)
    print(f"{root.name} mined {commit[:10]} {path}:{line} {subject}", file=sys.stderr)
    return FixTask(
        f"{root.name}:{commit}", str(root), facts["set"], path, line, "mined", before, after, tuple(failing),
        command, command, parent, texts, subject,
    )  # fmt: skip


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=False)  # noqa: S607
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def checked_out(root: Path, revision: str, folder: Path) -> Path:
    """A clone with one revision, what is installed for it, and no other history."""
    place = folder / root.name
    place.mkdir()
    archive = place / ".archive.tar"
    _git(root, "archive", "-o", str(archive), revision)
    with tarfile.open(archive) as data:
        data.extractall(place, filter="data")
    archive.unlink()
    if (root / "node_modules").is_dir():
        shutil.copytree(root / "node_modules", place / "node_modules", symlinks=True, copy_function=os.link)
    _git(place, "init", "-q")
    return place


def _commit_all(place: Path) -> None:
    _git(place, "add", "-A")
    _git(place, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "Begin")


def attempt(task: FixTask) -> dict[str, Any]:
    """What `assist fix` makes of a fault, judged by all tests."""
    row: dict[str, Any] = {"id": task.id, "set": task.group, "kind": task.kind}
    root = Path(task.root)
    with tempfile.TemporaryDirectory(dir=root.parent) as folder:
        place = checked_out(root, task.revision, Path(folder))
        for name, text in (*task.tests, (task.path, task.after)):
            (place / name).write_text(text, encoding="utf-8")
        _commit_all(place)
        words = [
            str(Path(sys.executable).with_name("assist")),
            "fix",
            f"{task.path}:{task.line}",
            task.problem,
        ]
        words += ["--test", task.given, "--local", "--run", "--yes", "--json", "--offline"]
        began = time.monotonic()
        try:
            done = subprocess.run(
                words, cwd=place, capture_output=True, text=True, timeout=FIX_SECONDS, check=False
            )
            output = done.stdout
            row |= {"said": done.stderr[-600:], "code": done.returncode}
        except subprocess.TimeoutExpired:
            output = ""
        row["seconds"] = round(time.monotonic() - began, 1)
        try:
            answer = json.loads(output or "{}")
        except ValueError:
            answer = {}
        row |= judge(task, place, answer)
    return row


def judge(task: FixTask, place: Path, answer: dict[str, Any]) -> dict[str, Any]:
    """What the file and the tests are after an answer, and where the changed line is among the suspicious.

    Where several changes pass, nothing is made unasked: `first` is then what the first one would be, and
    `text shown` says whether one of them gives the text back.
    """
    lines = [(row["path"], row["line"]) for row in answer.get("suspicious", ())]
    at = next((at for at, row in enumerate(lines, 1) if row in _changed_lines(task)), 0)
    row = {"proof": answer.get("proof", ""), "rank": at, "diff": _git(place, "diff")[-1500:]}
    if _git(place, "status", "--porcelain").strip():
        return {**row, "outcome": _outcome(task, place)}
    shown = (answer.get("edit") or {}).get("diff", "")
    if row["proof"] != "tests" or not shown:
        return {**row, "outcome": "nothing"}
    subprocess.run(["git", "apply", "-"], cwd=place, input=shown.encode(), check=False)  # noqa: S607
    wanted = task.before.split("\n")
    others = [wanted[other["line"] - 1].strip() == other["text"] for other in answer.get("others", ())]
    first = _outcome(task, place)
    return {**row, "outcome": "several", "first": first, "text shown": first == "back" or any(others)}


def _outcome(task: FixTask, place: Path) -> str:
    """ "back" for the text without the fault, "other" for one that passes all tests, else "wrong"."""
    if (place / task.path).read_text(encoding="utf-8") == task.before:
        return "back"
    tested = TestedRepository(place, task.command)
    try:
        return "wrong" if tested.results({}).failed else "other"
    finally:
        tested.close()


def _changed_lines(task: FixTask) -> set[tuple[str, int]]:
    """The lines of the fault, and those around it where only something is missing."""
    old, new = task.after.split("\n"), task.before.split("\n")
    found: set[tuple[str, int]] = set()
    for step, first, last, _, _ in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if step != "equal":
            places = range(first + 1, last + 1) if last > first else range(first, first + 2)
            found |= {(task.path, line) for line in places}
    return found


def place_of_change(task: FixTask) -> dict[str, Any]:
    """Where the change that gives the text back is among those of a function and a line; 0 for none."""
    sites = symbols(language_of(task.path), task.after).definitions
    line = min(at for _, at in _changed_lines(task))
    around = [site for site in sites if site.kind in FUNCTIONS and site.start_line <= line <= site.end_line]
    site = max(around, key=lambda one: one.start_line, default=None)
    lines = range(site.start_line, site.end_line + 1) if site else range(line, line + 1)
    language = language_of(task.path)
    row: dict[str, Any] = {"id": task.id, "set": task.group, "kind": task.kind, "lines": len(lines)}
    near = sorted(at for _, at in _changed_lines(task))
    near = [near[0] - 1, *near] if near[0] > 1 else near  # where a block begins
    for name, order in (("in line", near), ("in function", lines)):
        found = (
            change.apply_to(task.after) for change in changes(language, task.after, dict.fromkeys(order, 0))
        )
        row[name] = next((at for at, text in enumerate(found, 1) if text == task.before), 0)
    return row


def table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """What came of the faults, by set and origin, as lines of Markdown."""
    names = ("faults", "text back", "other text, all tests pass", "wrong", "several, the text among them")
    names += ("several others", "nothing", "median s", "line among three")
    lines = [f"| set | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(f"{'mined' if row['kind'] == 'mined' else 'planted'}, {row['set']}", []).append(row)
    for name, own in sorted(groups.items()):
        count = Counter(f"{row['outcome']} {row.get('text shown', '')}".strip() for row in own)
        shares = ("back", "other", "wrong", "several True", "several False", "nothing")
        seconds = statistics.median(row["seconds"] for row in own)
        near = sum(0 < row["rank"] <= 3 for row in own)
        cells = (len(own), *(count[share] for share in shares), round(seconds), near)
        lines.append(f"| {name} | {' | '.join(map(str, cells))} |")
    return lines


def changes_table(rows: Sequence[dict[str, Any]]) -> list[str]:
    lines = [
        "| kind | faults | among the changes | median place in the line | in the function |",
        "|---" * 5 + "|",
    ]
    for kind in (*sorted({row["kind"] for row in rows}), "all"):
        own = [row for row in rows if kind in (row["kind"], "all")]
        found = [row for row in own if row["in function"]]
        places = [
            statistics.median(row[name] for row in found) if found else 0
            for name in ("in line", "in function")
        ]
        lines.append(f"| {kind} | {len(own)} | {len(found)} | {places[0]:.0f} | {places[1]:.0f} |")
    return lines


def read(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def add(file: Path, row: dict[str, Any]) -> None:
    with file.open("a") as out:
        out.write(json.dumps(row) + "\n")


def task_of(row: dict[str, Any]) -> FixTask:
    tests = tuple((name, text) for name, text in row["tests"])
    return FixTask(**{**row, "failing": tuple(row["failing"]), "tests": tests})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=("plant", "mine", "run"))
    parser.add_argument("folder", nargs="?", type=lambda folder: Path(folder).resolve())
    parser.add_argument("--names", nargs="*", default=[], help="only these repositories")
    parser.add_argument("--tasks", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--faults", type=int, default=6, help="of each repository")
    parser.add_argument("--count", type=int, default=40, help="mined fixes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--set", choices=("tuned", "held out"))
    parser.add_argument("--only", choices=("changes",))
    parser.add_argument("--minutes", type=float, default=600.0)
    flags = parser.parse_args()
    until = time.monotonic() + 60 * flags.minutes
    rows = read(flags.tasks)
    if flags.what != "run":
        parts = Counter(
            part for row in rows for part in (row["id"].split(":")[0], row["id"].rpartition(":")[2])
        )
        made = plant(flags, parts) if flags.what == "plant" else mine(flags, set(parts))
        for task in made:
            add(flags.tasks, {"id": task} if isinstance(task, str) else asdict(task))
            if time.monotonic() > until:
                return
        return
    tasks = [task_of(row) for row in rows if "path" in row and flags.set in (None, row["group"])]
    if flags.only:
        found = [place_of_change(task) for task in tasks]
        missing = [row["id"] for row in found if not row["in function"]]
        print("\n".join(changes_table(found)), "Not among them:", *missing, sep="\n")
        return
    done = {row["id"] for row in read(flags.out)}
    for task in tasks:
        if task.id not in done and time.monotonic() < until:
            row = attempt(task)
            add(flags.out, row)
            print(
                {name: row[name] for name in ("id", "outcome", "proof", "rank", "seconds")}, file=sys.stderr
            )
    print("\n".join(table(read(flags.out))))


if __name__ == "__main__":
    main()
