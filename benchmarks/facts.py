"""How true the facts of code are, and how many uses they find.

`truth` draws definitions and checks each statement of their facts by programs that are not ours: a language
server, the language's own parser, git, or the text of the line. `planted` puts one fault each into the diffs
of real commits, asks for the facts of these diffs, and checks them and those of other commits by the texts
and by pyflakes. `asked` puts the questions of a table to each repository, about definitions that are drawn,
and needs no program. For the others, the programs are installed by you:

    npm install --prefix FOLDER pyright typescript@5 typescript-language-server intelephense
    pip install --target FOLDER/python pyflakes
    apt-get install gopls golang-go rust-analyzer librust-syn-dev   # or below FOLDER/bin; Rust needs cargo

Repositories are cloned below --data and indexed there. Results hold no text of a file. --show prints what is
false or missing on stderr.
"""

import argparse
import statistics
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.facts.claims import DrawnFacts, claims_of, draw, facts_of
from bench.facts.diff_judge import DiffJudge
from bench.facts.diffs import ReviewedDiff, is_found, reviewed_diffs
from bench.facts.judge import Judge
from bench.facts.questions import asked_of
from bench.facts.server_oracle import ServerOracle
from bench.facts.syntax_oracle import syntax_rows
from bench.facts.workspaces import server_setup, workspace_of
from bench.provenance import provenance, write
from bench.renames.language_server import running

EXAMPLES = """
examples:
  facts.py truth --servers FOLDER --data FOLDER CLICK HTTPX KY GOT CHI COBRA WALKDIR RIPGREP
  facts.py asked --data FOLDER CLICK HTTPX KY GOT CHI
  facts.py planted --servers FOLDER --data FOLDER CLICK HTTPX KY GOT COBRA AXUM
"""
VALUES = frozenset({"constant", "field", "key", "property", "variable"})  # kinds that no one calls


@dataclass(frozen=True, slots=True)
class JudgedClaim:
    """What became of a claim: the repository and the place, and whether it holds."""

    repository: str
    language: str
    kind: str
    path: str
    line: int
    holds: bool | None


@dataclass(frozen=True, slots=True)
class FoundUses:
    """How many lines use a definition by the server, and how many of them the facts have, sure or by name."""

    language: str
    kind: str
    lines: int
    counted: int  # sure, by name, or only counted
    sure: int


def check_repository(
    repository: Path, options: argparse.Namespace, count: int
) -> tuple[list[JudgedClaim], list[FoundUses]]:
    """Checks the facts of definitions of one repository."""
    workspace = workspace_of(repository, options.data.resolve())
    installed = options.servers.resolve()
    rows = syntax_rows(workspace.language, workspace.root, workspace.paths, installed)
    judged: list[JudgedClaim] = []
    found: list[FoundUses] = []
    with running(workspace.language, installed, workspace.root, server_setup(workspace)) as server:
        judge = Judge(workspace, ServerOracle(server, workspace.root), rows)
        for at in draw(workspace, count, options.seed):
            drawn = facts_of(workspace, at)
            if drawn is None:
                judged.append(
                    JudgedClaim(
                        workspace.name, workspace.language, "what", at.path, at.start_line, holds=False
                    )
                )
                continue
            named = f"{at.path}:{at.start_line} {at.kind} {at.qualified}" if options.show else ""
            judged += _judge_claims(judge, drawn, named)
            found += _find_uses(judge, drawn, named)
    return judged, found


def _judge_claims(judge: Judge, drawn: DrawnFacts, named: str) -> Iterator[JudgedClaim]:
    workspace = judge.workspace
    for claim in claims_of(drawn):
        holds = judge.holds(drawn, claim)
        yield JudgedClaim(workspace.name, workspace.language, claim.kind, claim.path, claim.line, holds)
        if holds is False and named:
            where = f"{workspace.name} {claim.path}:{claim.line} {claim.kind}"
            print(f"{where}: {claim.text[:90]!r} of {named} {claim.defined or ''}", file=sys.stderr)


def _find_uses(judge: Judge, drawn: DrawnFacts, named: str) -> Iterator[FoundUses]:
    uses = judge.missing_uses(drawn)
    if uses is None:
        return
    lines, missing = uses
    sure = {(use.path, use.line) for use in drawn.uses if use.sure}
    yield FoundUses(
        judge.workspace.language,
        drawn.facts.definition.kind,
        len(lines),
        len(lines - missing),
        len(lines & sure),
    )
    for path, line in sorted(missing)[:4] if named else ():
        text = judge.server.lines(path)[line - 1].strip()[:90]
        print(f"{judge.workspace.name} {path}:{line}: lacks a use of {named}: {text}", file=sys.stderr)


def truth_figures(judged: Sequence[JudgedClaim], found: Sequence[FoundUses]) -> dict[str, Any]:
    """Counts by kind and by language, and where claims are false."""
    kinds: dict[str, Counter[str]] = {}
    for claim in judged:
        for group in ("all", claim.language, claim.kind):
            verdict = {True: "true", False: "false", None: "unknown"}[claim.holds]
            kinds.setdefault(group, Counter())[verdict] += 1
    uses: dict[str, Counter[str]] = {}
    for row in found:
        kind = "values" if row.kind in VALUES else "functions and types"
        for group in ("all", row.language, f"{row.language} {kind}", f"{row.language} {row.kind}"):
            counts = uses.setdefault(group, Counter())
            counts.update(lines=row.lines, counted=row.counted, sure=row.sure, definitions=1)
    return {
        "claims": {
            group: {**counts, "share": round(counts["true"] / max(1, counts["true"] + counts["false"]), 4)}
            for group, counts in sorted(kinds.items())
        },
        "uses that the server knows": {
            group: {**counts, "share": round(counts["counted"] / max(1, counts["lines"]), 4)}
            for group, counts in sorted(uses.items())
        },
        "false": sorted(
            f"{claim.repository} {claim.path}:{claim.line} {claim.kind}"
            for claim in judged
            if claim.holds is False
        ),
    }


def truth(options: argparse.Namespace) -> dict[str, Any]:
    share = -(-options.definitions // len(options.repositories))
    judged: list[JudgedClaim] = []
    found: list[FoundUses] = []
    for repository in options.repositories:
        claims, uses = check_repository(repository, options, share)
        judged += claims
        found += uses
    return truth_figures(judged, found)


def ask_table(options: argparse.Namespace) -> dict[str, Any]:
    """How many questions of each half of the table are answered by the facts, and which are not."""
    counts: dict[str, Counter[str]] = {}
    wrong = []
    for repository in options.repositories:
        workspace = workspace_of(repository, options.data.resolve())
        for asked in asked_of(workspace, options.seed):
            for group in (asked.half, f"{asked.half} {workspace.language}"):
                counts.setdefault(group, Counter()).update(asked=1, right=int(asked.right))
            wrong += [] if asked.right else [f"{workspace.name}: {asked.words}"]
    return {"questions": {name: dict(row) for name, row in sorted(counts.items())}, "wrong": wrong}


def _verdict_lines(diff: ReviewedDiff, place: str, *, found: bool) -> Iterator[str]:
    """What was planted and whether it was found, or the remarks on a diff as it was."""
    if fault := diff.fault:
        at = f"{fault.path}:{fault.line}"
        verdict = "found" if found else f"MISSED: {fault.about[:120]}"
        yield f"{place} {at} {fault.kind} on a line that is {fault.place}: {verdict}"
        return
    yield f"{place} as it was: {len(diff.remarks)} remarks"
    for remark in diff.remarks:
        yield f"{place} REMARK {remark.path}:{remark.line} {remark.kind}: {remark.text}"
        yield f"    - {remark.before.strip()}\n    + {remark.after.strip()}"


def find_planted(options: argparse.Namespace) -> dict[str, Any]:
    """How many planted faults the facts name, and how many facts do not hold."""
    share, real = (-(-count // len(options.repositories)) for count in (options.diffs, options.real))
    faults: dict[str, Counter[str]] = {}
    missed = []
    wrong = []
    seconds = list[float]()
    counts: dict[str, Counter[str]] = {"planted": Counter(), "as they were": Counter()}
    for repository in options.repositories:
        for diff in reviewed_diffs(repository, options.data.resolve(), share, real, options.seed):
            judge = DiffJudge(diff.root, diff.files, options.servers.resolve())
            verdicts = [(fact, judge.holds(fact)) for fact in diff.facts]
            false = [fact for fact, holds in verdicts if holds is False]
            group = counts["as they were" if diff.fault is None else "planted"]
            group.update(diffs=1, facts=len(verdicts), false=len(false), remarks=len(diff.remarks))
            seconds.append(diff.seconds)
            place = f"{diff.repository} {diff.commit[:9]}"
            wrong += [f"{place} {fact.path}:{fact.line} {fact.kind}" for fact in false]
            for fact in false if options.show else ():
                print(
                    f"{place} {fact.path}:{fact.line} FALSE {fact.kind}: {fact.text[:150]}", file=sys.stderr
                )
            found = is_found(diff)
            for line in _verdict_lines(diff, place, found=found) if options.show else ():
                print(line, file=sys.stderr, flush=True)
            if diff.fault is None:
                continue
            for name in ("all", diff.fault.kind, f"on {diff.fault.place} lines", diff.repository):
                faults.setdefault(name, Counter()).update(planted=1, found=int(found))
            if not found:
                missed.append(f"{place} {diff.fault.path}:{diff.fault.line} {diff.fault.kind}")
    return {
        "faults": {
            name: {**row, "share": round(row["found"] / row["planted"], 3)}
            for name, row in sorted(faults.items())
        },
        "facts": {
            name: {
                **row,
                "false a diff": round(row["false"] / max(1, row["diffs"]), 3),
                "remarks a diff": round(row["remarks"] / max(1, row["diffs"]), 2),
            }
            for name, row in counts.items()
        },
        "seconds of processor time": {
            "a diff": {"median": round(statistics.median(seconds), 2), "most": round(max(seconds), 2)}
        },
        "missed": missed,
        "false": wrong,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = {"truth": truth, "asked": ask_table, "planted": find_planted}
    parser.add_argument("part", choices=parts)
    parser.add_argument("repositories", nargs="+", type=Path)
    parser.add_argument("--servers", type=Path, default=Path("servers"), help="the folder with the servers")
    parser.add_argument("--data", type=Path, required=True, help="a folder for clones and their indexes")
    parser.add_argument("--definitions", type=int, default=200)
    parser.add_argument("--diffs", type=int, default=100, help="with a fault")
    parser.add_argument("--real", type=int, default=100, help="diffs as they were")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    figures = parts[options.part](options)
    for title, groups in figures.items():
        if isinstance(groups, dict):
            print(f"{title}:")
            for group, counts in groups.items():
                print(f"  {group:28} {counts}")
    if options.out:
        write(options.out, provenance(), figures)
    return 0


if __name__ == "__main__":
    sys.exit(main())
