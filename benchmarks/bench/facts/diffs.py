"""Diffs of real commits, as a reviewer has them in the working tree, some with one planted fault.

A commit is checked out in a clone, compared with its parent as `assist review` does it, and the index of the
clone is brought up to date. The clone is changed; the repository is not.
"""

import random
import re
import subprocess
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from pathlib import Path

from assist_context.documents import split_lines
from assist_context.facts.compared_files import ComparedFile, DiffFact, DiffFactKind
from assist_context.files.git_repository import Git
from assist_context.languages import language_of
from assist_context.relations.counterparts import is_test
from assist_diffs.remarks.diff_facts import diff_facts
from assist_server.wording.facts import MAX_REMARKS, choose_remarks
from assist_server.workspace.folder_diff import compared_files, diff_against
from bench.crossfile.index import corpus_of
from bench.facts.plants import Fault, FaultKind, LinePlace, PlantSite, plant
from bench.facts.workspaces import LANGUAGES, clone
from bench.index.trees import ENVIRON, git

MAX_FILES = 12  # of a commit: what changes more was done by a program
NEWEST = 400  # commits of a repository that are looked at
# Each kind with those of remarks that name it. Places are in turns, "near" where a kind has no other.
REMARKS: Mapping[FaultKind, Collection[DiffFactKind]] = {
    "operator": ("operator",),
    "negation": ("negation",),
    "guard": ("gone",),
    "caller": ("caller",),
    "undefined": ("undefined",),
    "offset": ("offset", "operator"),
    "operands": ("operands",),
    "arguments": ("arguments",),
    "condition": ("condition",),
    "default": ("default",),
    "swallowed": ("swallowed", "leave"),
    "unclosed": ("unclosed",),
    "constant": ("constant",),
    "branch": ("gone",),
    "copy": ("copy",),
}
KINDS = tuple(REMARKS)
PLACES: tuple[LinePlace, ...] = ("rewritten", "new", "near")
MAX_TRIED = 8  # kinds that are tried in one commit, the rarest first
NEAR = 30  # lines around a change
ALIKE = 0.6  # of a line and the one that it was
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
    seconds: float = 0.0  # of processor time, to compare the texts

    @property
    def remarks(self) -> list[DiffFact]:
        """The remarks that `assist review` shows."""
        return choose_remarks(self.facts)[:MAX_REMARKS]


def reviewed_diffs(
    repository: Path, data: Path, planted: int, real: int, seed: int
) -> Iterator[ReviewedDiff]:
    """Diffs with a fault and diffs as they were, in turns, from the newest commit on."""
    root = clone(repository, data / "diffs")
    rng = random.Random(f"{seed} {repository.name}")
    planted_kinds, planted_places = Counter[str](), Counter[str]()
    for commit in _commits(root):
        if planted <= 0 and real <= 0:
            return
        git(root, "checkout", "--quiet", "--force", commit)
        with_fault = planted > 0 and (real <= 0 or planted >= real)
        fault = None
        if with_fault:
            kinds = sorted(KINDS, key=lambda kind: (planted_kinds[kind], rng.random()))[:MAX_TRIED]
            places = sorted(PLACES, key=lambda place: planted_places[place])
            sites = _sites(_compare(root, commit))
            ways = ((kind, place) for place in places for kind in kinds)
            fault = next((found for way in ways if (found := _plant(root, sites, way, rng))), None)
            if fault is None:
                continue
            planted_kinds[fault.kind] += 1
            planted_places[fault.place] += 1
            (root / fault.path).write_text(fault.text, encoding="utf-8")
        planted -= with_fault
        real -= not with_fault
        files = _compare(root, commit)
        corpus_of.cache_clear()
        corpus = corpus_of(root)
        start = time.thread_time()
        facts = diff_facts(corpus, files).found
        seconds = time.thread_time() - start
        corpus.reader.close()
        named = {file.path: file for file in files}
        yield ReviewedDiff(repository.name, root, commit, named, facts, fault, seconds)


def is_found(diff: ReviewedDiff) -> bool:
    """Whether a remark names the planted fault: of its kind, in its line or the one before what is gone."""
    fault = diff.fault
    if fault is None:
        return False
    remarks = [remark for remark in diff.remarks if remark.kind in REMARKS[fault.kind]]
    here = [remark for remark in remarks if remark.path == fault.path]
    match fault.kind:
        case "guard" | "branch":
            condition = re.sub(r"[^\w]", "", re.sub(r"^(?:el)?if|[ {:]+$", "", fault.about))[:60]
            return any(condition in re.sub(r"[^\w]", "", remark.text) for remark in here)
        case "caller":
            name = re.compile(rf"calls (?:[\w.]+\.)?{re.escape(fault.about)},")
            return any(name.search(remark.text) for remark in remarks)
        case "undefined":
            return any(f"`{fault.about}`" in remark.text for remark in here)
        case "unclosed":
            return bool(here)
        case _:
            return any(abs(remark.line - fault.line) <= (fault.kind == "swallowed") for remark in here)


def _commits(root: Path) -> Iterator[str]:
    """The newest commits that change some source, but not too many files."""
    git(root, "checkout", "--quiet", "--force", "--detach", "origin/HEAD")
    for commit in git(root, "log", "--no-merges", "--format=%H", f"-{NEWEST}", "origin/HEAD").split():
        names = git(root, "diff-tree", "--no-commit-id", "--name-status", "-r", commit).splitlines()
        changed = [line.split("\t")[-1] for line in names]
        modified = [line.split("\t")[-1] for line in names if line.startswith("M")]
        sources = [path for path in modified if LANGUAGES.get(language_of(path).name) and not is_test(path)]
        if sources and len(changed) <= MAX_FILES:
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
        was: dict[int, str] = {}
        places = _places(file, lines, was)
        found.append(PlantSite(file.path, language, lines, places, was, {}))
    return found


def _places(file: ComparedFile, lines: Sequence[str], was: dict[int, str]) -> dict[int, LinePlace]:
    """The lines of a file in which a fault may be, by what a commit did to them; `was` gets the old ones."""
    old = split_lines(file.old)
    places: dict[int, LinePlace] = {}
    for _, _, start, end in file.runs:
        for line in range(max(1, start - NEAR), min(len(lines), end + NEAR) + 1):
            places.setdefault(line, "near")
    for low, high, start, end in file.runs:
        for line in range(start, end + 1):
            text = lines[line - 1]
            ratios = [(SequenceMatcher(None, other, text).ratio(), other) for other in old[low - 1 : high]]
            ratio, was[line] = max(ratios, default=(0.0, ""))
            places[line] = "rewritten" if ratio >= ALIKE else "new"
        for line in (start - 1, end + 1):
            if places.get(line) == "near":
                del places[line]
    return places


def _plant(
    root: Path, sites: Sequence[PlantSite], way: tuple[FaultKind, LinePlace], rng: random.Random
) -> Fault | None:
    kind, place = way
    for site in rng.sample(sites, len(sites)):
        called = _calls(root, site) if kind == "caller" else {}
        fault = plant(kind, replace(site, calls=called), place, rng)
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
