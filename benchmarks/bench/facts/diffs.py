"""Diffs of real commits, as a reviewer has them in the working tree, some with one planted fault.

A commit is checked out in a clone, compared with its parent as `assist review` does it, and the index of the
clone is brought up to date. The clone is changed; the repository is not.
"""

import random
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assist_context.documents import split_lines
from assist_context.facts.diff_facts import ComparedFile, DiffFact, diff_facts
from assist_context.files.git_repository import Git
from assist_context.languages import language_of
from assist_context.relations.counterparts import is_test
from assist_server.workspace.folder_diff import compared_files, diff_against
from bench.crossfile.index import corpus_of
from bench.facts.plants import Fault, FaultKind, PlantSite, plant
from bench.facts.workspaces import LANGUAGES, clone
from bench.index.trees import ENVIRON, git

MOST_FILES = 12  # of a commit: what changes more was done by a program
NEWEST = 400  # commits of a repository that are looked at
KINDS: tuple[FaultKind, ...] = ("operator", "negation", "guard", "caller", "undefined")
_HEADS = re.compile(r"^.*\b(?:def|func|fn|function) (?:\([^)]*\) )?(\w+)\(", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ReviewedDiff:
    """The facts of a commit's diff, with the fault that was planted, None for none."""

    repository: str
    root: Path
    commit: str
    files: dict[str, ComparedFile]
    facts: tuple[DiffFact, ...]
    fault: Fault | None = None


def reviewed_diffs(
    repository: Path, data: Path, planted: int, real: int, seed: int
) -> Iterator[ReviewedDiff]:
    """Diffs with a fault and diffs as they were, in turns, from the newest commit on."""
    root = clone(repository, data / "diffs")
    rng = random.Random(f"{seed} {repository.name}")
    turn = 0
    for commit in _commits(root):
        if planted <= 0 and real <= 0:
            return
        git(root, "checkout", "--quiet", "--force", commit)
        with_fault = planted > 0 and (real <= 0 or planted >= real)
        fault = None
        if with_fault:
            kinds = [KINDS[(turn + step) % len(KINDS)] for step in range(len(KINDS))]
            sites = _sites(_compare(root, commit))
            fault = next((found for kind in kinds if (found := _plant(root, sites, kind, rng))), None)
            if fault is None:
                continue
            turn = KINDS.index(fault.kind) + 1
            (root / fault.path).write_text(fault.text, encoding="utf-8")
        planted -= with_fault
        real -= not with_fault
        files = _compare(root, commit)
        corpus_of.cache_clear()
        corpus = corpus_of(root)
        facts = diff_facts(corpus, files).found
        corpus.reader.close()
        named = {file.path: file for file in files}
        yield ReviewedDiff(repository.name, root, commit, named, facts, fault)


def is_found(diff: ReviewedDiff) -> bool:
    """Whether a fact names the planted fault."""
    fault = diff.fault
    if fault is None:
        return False
    here = [fact for fact in diff.facts if fact.path == fault.path]
    match fault.kind:
        case "operator" | "negation":
            return any(
                fact.line == fault.line and fact.kind in ("operator", "negation", "literal") for fact in here
            )
        case "guard":
            condition = re.sub(r"[^\w]", "", fault.about.removeprefix("if").rstrip(" {:"))[:60]
            return any(fact.kind == "gone" and condition in re.sub(r"[^\w]", "", fact.text) for fact in here)
        case "caller":
            name = re.compile(rf"calls (?:[\w.]+\.)?{re.escape(fault.about)},")
            return any(fact.kind == "caller" and name.search(fact.text) for fact in diff.facts)
        case "undefined":
            return any(fact.kind == "undefined" and f"`{fault.about}`" in fact.text for fact in here)


def _commits(root: Path) -> Iterator[str]:
    """The newest commits that change some source, but not too many files."""
    git(root, "checkout", "--quiet", "--force", "--detach", "origin/HEAD")
    for commit in git(root, "log", "--no-merges", "--format=%H", f"-{NEWEST}", "origin/HEAD").split():
        names = git(root, "diff-tree", "--no-commit-id", "--name-status", "-r", commit).splitlines()
        changed = [line.split("\t")[-1] for line in names]
        modified = [line.split("\t")[-1] for line in names if line.startswith("M")]
        sources = [path for path in modified if LANGUAGES.get(language_of(path).name) and not is_test(path)]
        if sources and len(changed) <= MOST_FILES:
            yield commit


def _compare(root: Path, commit: str) -> list[ComparedFile]:
    program = Git(ENVIRON)
    return compared_files(program, diff_against(program, str(root), f"{commit}^"))


def _sites(files: Sequence[ComparedFile]) -> list[PlantSite]:
    found = []
    for file in files:
        language = LANGUAGES.get(language_of(file.path).name)
        if not language or not file.old or not file.new or is_test(file.path):
            continue
        lines = split_lines(file.new)
        changed = {line for _, _, start, end in file.runs for line in range(start - 1, end + 2)}
        kept = [number for number in range(1, len(lines) + 1) if number not in changed]
        found.append(PlantSite(file.path, language, lines, kept, {}))
    return found


def _plant(root: Path, sites: Sequence[PlantSite], kind: FaultKind, rng: random.Random) -> Fault | None:
    for site in rng.sample(sites, len(sites)):
        called = _calls(root, site) if kind == "caller" else {}
        fault = plant(kind, PlantSite(site.path, site.language, site.lines, site.kept, called), rng)
        if fault is not None:
            return fault
    return None


def _calls(root: Path, site: PlantSite) -> dict[str, int]:
    """The functions of a text that the repository defines once, and how many lines call them."""
    names = set(_HEADS.findall("".join(site.lines)))
    found: dict[str, int] = {}
    for name in sorted(names):
        command = ["git", "grep", "-hE", rf"\b{name}\(", "--", f"*{Path(site.path).suffix}"]
        done = subprocess.run(
            command, cwd=root, capture_output=True, text=True, check=False, errors="replace"
        )
        lines = done.stdout.splitlines()
        heads = [
            line for line in lines if re.search(rf"\b(?:def|func|fn|function) (?:\([^)]*\) )?{name}\(", line)
        ]
        if len(heads) == 1 and len(lines) > 1:
            found[name] = len(lines) - 1
    return found
