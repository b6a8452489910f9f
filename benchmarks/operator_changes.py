"""Does `facts/operator_changes` hold back refactorings that change what code does, and let the others pass?

    uv run python benchmarks/operator_changes.py REPOSITORIES [--seeds 3] [--show] [--out FILE]

REPOSITORIES is a folder with clones of repositories in `bench/edits/refactorings.toml`; those that are not
there are left out. The honest edits are these commits, with the subject as the wish. Copies get one fault
each: a negation, an operator, a literal, a call that is gone or another one, a `return` or `raise` that is
gone, or a field that no longer gets its value. All go through the product's own decision
(`questions/doubtful_edits`), without a model. Faults in edits that are not asked about without them are
counted apart ("alone"): there the fault is the only reason. --show names on stderr what is asked about and
what is missed.
"""

import argparse
import random
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from assist_context.facts.operator_changes import EditedText
from assist_context.relations.counterparts import is_test
from assist_escalation.edits.plan import EditPlan, FileChange, hash_text
from assist_server.questions.doubtful_edits import turned_logic
from assist_server.questions.draft import Question
from bench.edits.planted_faults import KINDS, PlantedFault, RefactoringCommit, plant_fault
from bench.index.trees import ENVIRON
from bench.provenance import provenance, write

SOURCES = (".py", ".ts", ".js", ".go", ".rs")
LISTS = Path(__file__).parent / "bench" / "edits" / "refactorings.toml"
ROUNDS = 6  # at most so many faults in one edit


def read_commits(folder: Path) -> Iterator[RefactoringCommit]:
    """The commits of the repositories that are in a folder, with what they change in code but tests."""
    for group, repositories in tomllib.loads(LISTS.read_text(encoding="utf-8")).items():
        for name, commits in repositories.items():
            root = folder / name
            for commit in commits if root.is_dir() else ():
                paths = _git(root, "diff-tree", "--no-commit-id", "--name-only", "-r", commit).split("\n")
                texts = tuple(
                    EditedText(
                        path,
                        _git(root, "show", f"{commit}^:{path}"),
                        _git(root, "show", f"{commit}:{path}"),
                    )
                    for path in paths
                    if path.endswith(SOURCES) and not is_test(path)
                )
                wish = _git(root, "log", "-1", "--format=%s", commit).strip()
                yield RefactoringCommit(f"{name} {commit}", group, wish, texts)


def _git(root: Path, *arguments: str) -> str:
    command = ["git", *arguments]  # a file that is new has no text before
    done = subprocess.run(command, cwd=root, env=ENVIRON, capture_output=True, check=False)
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def plant_faults(edits: Sequence[RefactoringCommit], count: int, seed: int) -> list[PlantedFault]:
    """So many copies with a fault, the kinds and the edits in turns."""
    rng = random.Random(seed)
    found: dict[tuple[str, str, str], PlantedFault] = {}
    for edit in (edit for _ in range(ROUNDS) for edit in rng.sample(edits, len(edits))):
        kinds = [KINDS[(len(found) + step) % len(KINDS)] for step in range(len(KINDS))]
        fault = next((made for kind in kinds if (made := plant_fault(edit, kind, rng))), None)
        if fault is not None and len(found) < count:
            found.setdefault((edit.id, fault.place, fault.about), fault)
    return list(found.values())


def reasons(edit: RefactoringCommit) -> tuple[str, ...]:
    """Why the product asks about an edit."""
    changes = tuple(
        FileChange(text.path, hash_text(text.before), None, text.before, text.after)
        for text in edit.texts
        if text.before != text.after
    )
    return turned_logic(EditPlan(changes), Question("refactor", edit.wish))


def figures(
    honest: Sequence[RefactoringCommit], faults: Sequence[PlantedFault], *, show: bool
) -> dict[str, Any]:
    """Counts of all, of each list, and of each kind of fault."""
    groups: dict[str, Counter[str]] = {}
    asked = {edit.id: why for edit in honest if (why := reasons(edit))}
    for edit in honest:
        for name in ("all", edit.group):
            groups.setdefault(name, Counter()).update(honest=1, asked=int(edit.id in asked))
    missed = []
    for fault in faults:
        held = bool(reasons(fault.edit))
        alone = fault.edit.id not in asked
        missed += [] if held else [f"{fault.edit.id} {fault.place} {fault.kind}: {fault.about}"]
        counts = {"planted": 1, "held": held, "alone": alone, "alone_held": alone and held}
        for name in ("all", fault.edit.group, fault.kind):
            groups.setdefault(name, Counter()).update({key: int(value) for key, value in counts.items()})
    if show:
        print(*(f"ASKED {name}: {'; '.join(why)}" for name, why in asked.items()), sep="\n", file=sys.stderr)
        print(*(f"MISSED {fault[:200]}" for fault in missed), sep="\n", file=sys.stderr)
    return {"groups": {name: dict(row) for name, row in sorted(groups.items())}, "asked": sorted(asked)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("repositories", type=Path)
    parser.add_argument("--faults", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=1, help="so many draws of faults")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    honest = list(read_commits(options.repositories.resolve()))
    faults = [
        fault for seed in range(1, options.seeds + 1) for fault in plant_faults(honest, options.faults, seed)
    ]
    found = figures(honest, faults, show=options.show)
    print(
        "| group | faults | held back | faults alone | held back | honest | asked |",
        "|---" * 7 + "|",
        sep="\n",
    )
    for name, row in found["groups"].items():
        cells = [row.get(key, 0) for key in ("planted", "held", "alone", "alone_held", "honest", "asked")]
        print(f"| {name} | {' | '.join(map(str, cells))} |")
    if options.out:
        write(options.out, provenance(), found)


if __name__ == "__main__":
    main()
