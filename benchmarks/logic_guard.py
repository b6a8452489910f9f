"""Does the guard hold back refactorings that change what code does, and let the others pass?

    uv run python benchmarks/logic_guard.py REPOSITORIES [--made 48] [--faults 60] [--show] [--out FILE]

REPOSITORIES is a folder with clones of the repositories in `bench/logic/*.toml`. The honest edits are commits
whose diffs were read and found to keep what code does, and edits that a program makes; the subject of a
commit is its wish. Copies of some get one fault: a negation, an operator, a literal, a call that is gone or
another one, a `return` or `raise` that is gone. All go through the product's own decision
(`questions/doubtful_edits`), without a model. The repositories of `held_out.toml` were read once, to choose
the commits, and no rule was made with them. Faults in edits that are not asked about without them are counted
apart ("alone"): there the fault is the only reason. Commits that are called a refactoring and change what
code does are a group of their own ("changed"): to ask is right there. --show names on stderr what is asked
about, and what is missed, but nothing that is held out.
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from assist_escalation.edits.plan import EditPlan, FileChange, sha256_of
from assist_server.questions.doubtful_edits import turned_logic
from assist_server.questions.draft import Question
from bench.logic.faults import KINDS, PlantedRefactoring, plant_logic
from bench.logic.samples import Refactoring, commit_refactorings, made_refactorings
from bench.provenance import provenance, write


def plant_faults(edits: Sequence[Refactoring], count: int, seed: int) -> list[PlantedRefactoring]:
    """So many copies with a fault, the kinds in turns, none of the same edit."""
    rng = random.Random(seed)
    found: list[PlantedRefactoring] = []
    for edit in rng.sample(edits, len(edits)):
        kinds = [KINDS[(len(found) + step) % len(KINDS)] for step in range(len(KINDS))]
        fault = next((made for kind in kinds if (made := plant_logic(edit, kind, rng))), None)
        if fault is not None and len(found) < count:
            found.append(fault)
    return found


def reasons(edit: Refactoring) -> tuple[str, ...]:
    """Why the product asks about an edit."""
    changes = tuple(
        FileChange(text.path, sha256_of(text.before), None, text.before, text.after)
        for text in edit.texts
        if text.before != text.after
    )
    return turned_logic(EditPlan(changes), Question("refactor", edit.wish))


def figures(
    honest: Sequence[Refactoring], faults: Sequence[PlantedRefactoring], *, show: bool
) -> dict[str, Any]:
    """Counts of all, of those that rules were made with, and of the others."""
    groups: dict[str, Counter[str]] = {}
    listed: set[str] = set()
    missed: list[str] = []
    for edit in honest:
        why = reasons(edit)
        for name in _groups(edit, "made" if edit.kind != "commit" else "commits"):
            groups.setdefault(name, Counter()).update(honest=1, asked=int(bool(why)))
        if why:
            listed.add(edit.id)
            if show and edit.group == "seen":
                print(f"ASKED {edit.id} ({edit.wish[:60]}): {'; '.join(why)}", file=sys.stderr)
    for fault in faults:
        held = bool(reasons(fault.edit))
        alone = fault.edit.id not in listed
        counts = {
            "planted": 1,
            "held_back": int(held),
            "alone": int(alone),
            "alone_held": int(alone and held),
        }
        for name in _groups(fault.edit, fault.kind):
            groups.setdefault(name, Counter()).update(counts)
        if not held:
            missed.append(f"{fault.edit.id} {fault.path}:{fault.line} {fault.kind}")
            if show and fault.edit.group == "seen":
                print(f"MISSED {missed[-1]}: {fault.about[:150]}", file=sys.stderr)
    return {
        "groups": {name: dict(row) for name, row in sorted(groups.items())},
        "asked": sorted(listed),
        "missed": missed,
    }


def _groups(edit: Refactoring, kind: str) -> tuple[str, ...]:
    return "all", edit.group, kind, f"{kind}, {edit.group}"


def table(rows: dict[str, dict[str, int]]) -> list[str]:
    """The counts as lines of Markdown."""
    lines = ["| group | faults | held back | faults alone | held back | honest | asked |", "|---" * 7 + "|"]
    for name, row in rows.items():
        cells = [
            row.get(key, 0) for key in ("planted", "held_back", "alone", "alone_held", "honest", "asked")
        ]
        lines.append(f"| {name} | {' | '.join(map(str, cells))} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("repositories", type=Path)
    parser.add_argument("--made", type=int, default=48, help="edits that a program makes")
    parser.add_argument("--faults", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    root = options.repositories.resolve()
    honest = [*commit_refactorings(root, "seen"), *commit_refactorings(root, "held out")]
    honest += made_refactorings(root, options.made, options.seed)
    faults = plant_faults(honest, options.faults, options.seed)
    found = figures(honest, faults, show=options.show)
    changed = list(commit_refactorings(root, "changed"))
    asked = [edit.id for edit in changed if reasons(edit)]
    found["changed"] = {"commits": len(changed), "asked": len(asked)}
    print("\n".join(table(found["groups"])))
    print(f"changed: asked about {len(asked)} of {len(changed)}")
    if options.out:
        write(options.out, provenance(), found)


if __name__ == "__main__":
    main()
