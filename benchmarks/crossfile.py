"""Cross-file completion: what the model gains from seeing the definition of a name from another file.

A hole is the rest of a line in an installed package, after a name that is imported from another file of the
same package. All variants answer the same holes, greedy, with the same budget for snippets:
`none`, `oracle` (the right definition), `retrieved` (the context engine).
pip fetches the packages into --data, pinned and hashed. Results hold no text of a hole or an answer;
--show prints both on stderr.
"""

import argparse
import math
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

from rapidfuzz.distance import Levenshtein

from assist_completion.errors import CompletionError
from assist_completion.inference.generation import TokenBudget
from assist_completion.inference.llama import Abort, Load
from assist_completion.inference.speed_probe import opener
from assist_completion.model_store.store import resolve
from assist_completion.settings import DEFAULT_MODEL, CompletionSettings
from assist_evaluation.statistics import paired_bootstrap
from assist_server.config.config import load_lenient
from assist_server.local_model.opening import open_store
from bench.crossfile.ask import (
    PromptWindow,
    ShownSnippets,
    SnippetVariant,
    WrittenLine,
    context_at,
    lay_out,
    show_snippets,
    shows_definition,
    tokens_by_length,
    write_line,
)
from bench.crossfile.holes import Hole, holes
from bench.crossfile.packages import NotAllowedError, install, packages_named
from bench.crossfile.score import FIGURES, GainShare, identifier_f1, share_of_gain, table
from bench.infilling.variants import ModelSequences, open_sequences
from bench.progress import with_progress
from bench.provenance import layout, provenance, write
from infill import WRITERS

EXAMPLES = """
examples:
  crossfile.py --data FOLDER --variant none --variant oracle --holes 2 --show
  crossfile.py --data FOLDER --variant none --variant oracle --variant retrieved --out crossfile.json
  crossfile.py --data FOLDER --variant retrieved --no-model       is the definition found? needs no model
  crossfile.py --data FOLDER --variant none --variant oracle --above 40 --below 15
"""


@dataclass(frozen=True, slots=True)
class HoleRecord:
    """What one variant did at one hole, in numbers. `found`: a snippet shows the definition.

    `prompt` counts the tokens of the prompt, `snippets` those of them that belong to snippets, and `tokens`
    the generated ones. `ms` is the time to find the snippets.
    """

    hole: str
    variant: str
    exact: int
    similarity: float
    f1: float
    found: int
    snippets: int
    prompt: int
    tokens: int
    ms: float


@dataclass(frozen=True, slots=True)
class RunSetup:
    """Everything that a run needs except its holes. Without `sequences` no model is asked."""

    roots: dict[str, Path]
    budget: int
    window: PromptWindow
    sequences: ModelSequences | None
    aloud: bool = False

    def count(self, text: str) -> int:
        return len(self.sequences.model.llama.tokenize(text)) if self.sequences else tokens_by_length(text)


def make_record(
    hole: Hole,
    variant: SnippetVariant,
    shown: ShownSnippets,
    written: WrittenLine,
    count: Callable[[str], int],
) -> HoleRecord:
    """Compare an answer with the rest of the line; white space at the end does not count."""
    return HoleRecord(
        hole=hole.id,
        variant=variant,
        exact=int(written.text == hole.truth),
        similarity=round(Levenshtein.normalized_similarity(written.text, hole.truth), 4),
        f1=round(identifier_f1(written.text, hole.truth), 4),
        found=int(shows_definition(hole, shown.snippets)),
        snippets=sum(count(each.text) for each in shown.snippets),
        prompt=written.prompt,
        tokens=written.tokens,
        ms=round(shown.ms, 2),
    )


def measure(setup: RunSetup, variants: Sequence[SnippetVariant], taken: Sequence[Hole]) -> list[HoleRecord]:
    """Run every variant at every hole."""
    records = []
    for hole in with_progress(taken, "holes", 10):
        for variant in variants:
            shown = show_snippets(variant, hole, setup.roots[hole.package], setup.budget, setup.count)
            context = context_at(hole, shown.snippets, setup.window)
            laid = lay_out(variant, context)
            if variant == "cold":  # it shows no snippet, but lines of them
                found = re.search(
                    rf"^(?!from |import ).*\b{re.escape(hole.definition.name)}\b", laid.far, re.M
                )
                shown = replace(shown, snippets=shown.snippets if found else ())
            written = WrittenLine("", 0, 0)
            if setup.sequences:
                written = write_line(setup.sequences, context, laid)
            records.append(make_record(hole, variant, shown, written, setup.count))
            if setup.aloud:
                print(f"{hole.id} {hole.name}{hole.truth}  {variant}: {written.text}", file=sys.stderr)
    return records


def summary(records: Sequence[HoleRecord], taken: Sequence[Hole], seed: int) -> list[dict[str, Any]]:
    """Return one row for each variant and group of packages: shares, and differences with intervals."""
    groups = {"all": {hole.id for hole in taken}}
    groups |= {"known": {hole.id for hole in taken if not hole.young}}
    groups |= {"young": {hole.id for hole in taken if hole.young}}
    rows = []
    for group, ids in groups.items():
        files = [hole.path for hole in taken if hole.id in ids]
        by_variant: dict[str, list[HoleRecord]] = {}
        for each in records:
            if each.hole in ids:
                by_variant.setdefault(each.variant, []).append(each)
        rows += [_row(group, by_variant, label, files, seed) for label in by_variant]
    return rows


def _row(
    group: str, by_variant: dict[str, list[HoleRecord]], label: str, files: Sequence[str], seed: int
) -> dict[str, Any]:
    own = by_variant[label]
    row: dict[str, Any] = {"packages": group, "variant": label, "holes": len(own), "files": len(set(files))}
    row |= {
        figure: round(_mean([getattr(each, figure) for each in own]), 4) for figure in (*FIGURES, "found")
    }
    row |= {
        figure: round(_mean([getattr(each, figure) for each in own]), 1) for figure in ("snippets", "prompt")
    }
    times = sorted(each.ms for each in own)
    row["ms"] = {"p50": times[len(times) // 2], "p95": times[min(len(times) - 1, len(times) * 95 // 100)]}
    none, oracle = by_variant.get("none"), by_variant.get("oracle")
    if none and label != "none":
        row["points_over_none"] = {}
        for figure in FIGURES:
            gap = paired_bootstrap(_column(own, figure), _column(none, figure), files, seed)
            row["points_over_none"][figure] = [round(100 * each, 2) for each in (gap.mean, gap.low, gap.high)]
    if none and oracle and label not in ("none", "oracle"):
        row["share_of_oracle"] = {}
        for figure in FIGURES:
            sides = [_column(side, figure) for side in (none, oracle, own)]
            share = share_of_gain(sides[0], sides[1], sides[2], files, seed)
            row["share_of_oracle"][figure] = _round_share(share)
    return row


def _column(records: Sequence[HoleRecord], figure: str) -> list[float]:
    return [getattr(each, figure) for each in records]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / max(1, len(values))


def _round_share(share: GainShare) -> list[float | None]:
    return [None if end is None else round(end, 3) for end in (share.share, share.low, share.high)]


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add(
        "--data",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="where the packages are or will be installed",
    )
    add("--package", action="append", default=[], metavar="NAME", help="only this package; repeatable")
    add(
        "--variant",
        choices=get_args(SnippetVariant),
        action="append",
        help="one row of the table; repeatable",
    )
    add("--holes", type=_count, default=20, metavar="N", help="at most this many per package")
    add("--budget", type=_count, default=512, metavar="TOKENS", help="tokens for snippets, in every variant")
    add("--above", type=int, metavar="LINES", help="lines above the cursor in the prompt; else the engine's")
    add("--below", type=int, metavar="LINES", help="lines below the cursor in the prompt; else the engine's")
    add("--model", default=DEFAULT_MODEL, metavar="NAME_OR_PATH")
    add("--no-model", action="store_true", help="only check whether the definition is found, and how fast")
    add("--seed", type=int, default=1, help="seed for drawing holes and for the intervals")
    add("--out", type=Path, metavar="FILE.json", help="where to write rows and records, with provenance")
    add("--json", action="store_true", help="print JSON instead of tables")
    add("--show", action="store_true", help="print every answer next to the truth on stderr")
    return parser.parse_args(arguments)


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text}: use a number from 1 up")
    return int(text)


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    variants: list[SnippetVariant] = options.variant or ["none", "oracle"]
    model = None
    try:
        packages = packages_named(options.package)
        roots = {package.name: install(package, options.data) for package in packages}
        path = resolve(open_store(load_lenient()), options.model)
        header = provenance(path)
        if not options.no_model:
            model = opener(Load(path, decode_threads=WRITERS), CompletionSettings(), TokenBudget())(Abort())
    except (NotAllowedError, CompletionError) as error:
        sys.exit(f"crossfile.py: {error}")
    taken = [hole for each in packages for hole in holes(each, roots[each.name], options.holes, options.seed)]
    window = PromptWindow(options.above, options.below)
    setup = RunSetup(roots, options.budget, window, open_sequences(model) if model else None, options.show)
    try:
        records = measure(setup, variants, taken)
    finally:
        if model:
            model.close()
    rows = summary(records, taken, options.seed)
    asked = {"packages": [f"{each.name} {each.version}" for each in packages], "holes": len(taken)}
    asked |= {"budget": options.budget, "above": window.above, "below": window.below, "seed": options.seed}
    if options.out:
        names = list(HoleRecord.__slots__)
        values = [[getattr(each, name) for name in names] for each in records]
        write(options.out, header, {**asked, "rows": rows, "records": {"columns": names, "rows": values}})
    print(layout({"provenance": header, **asked, "rows": rows}) if options.json else table(rows))


if __name__ == "__main__":
    main()
