"""Redaction: how many secrets it finds in everyday files, and what it takes from public code.

    uv run python benchmarks/redaction.py --corpus [FOLDER] [--seeds 5] [--show] [--json]
    uv run python benchmarks/redaction.py --public FOLDER [--show] [--json]
    uv run python benchmarks/redaction.py --labelled FILE [--show]
    uv run --group nightly python benchmarks/redaction.py --oracle [--show]

`--corpus` fills the templates in bench/redaction/corpus with made-up secrets, redacts each file as a whole
and reports the share that was found. The templates were written without sight of the rules, but the rules
were improved with their misses since. Those in bench/redaction/held_out were not used for that: they say what
to expect of other files.
`--public` redacts all text files below a folder with one checkout in each subfolder, and lists what was taken
with `--show`; whether that is a secret after all is for a reader to judge.
`--labelled` reads JSON lines with a `text`, the `secret` in it, and maybe the `path` and the name of a `set`,
such as those made of another tool's tests, and reports the share that was found.
`--oracle` makes up tokens for each rule of another scanner, and reports of how many rules most are found: of
those that it finds alone in a sentence, and of all with the name of the service before them.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assist_escalation.redaction.redactor import RedactionError
from bench.provenance import layout, provenance
from bench.redaction.oracle import load_scanner, verdicts
from bench.redaction.score import (
    FalseAlarm,
    Outcome,
    Recall,
    alarms,
    is_found,
    judge,
    misses,
    recall,
    recalls,
    taken_spans,
)
from bench.redaction.templates import CORPUS, fill_all, templates

SEEDS = 5
LARGEST = 400_000  # bytes: a larger file is data, and no request takes it whole
SLOW_S = 2.0  # the deadline of a request
SHOWN = 160  # characters of a line


@dataclass(frozen=True, slots=True)
class Checkout:
    """What redaction took from one public repository."""

    name: str
    files: int
    lines: int
    megabytes: float
    seconds: float
    slow: int
    refused: int
    alarms: tuple[FalseAlarm, ...]

    def figures(self) -> dict[str, Any]:
        """The figures without the texts."""
        hit = len({(each.path, each.line) for each in self.alarms})
        return {
            "name": self.name,
            "files": self.files,
            "lines": self.lines,
            "taken lines": hit,
            "files with any": len({each.path for each in self.alarms}),
            "per 10,000 lines": round(10_000 * hit / max(1, self.lines), 2),
            "MB/s": round(self.megabytes / max(1e-9, self.seconds), 3),
            "files over 2 s": self.slow,
            "files refused": self.refused,
        }


def text_files(folder: Path) -> Iterator[tuple[str, str]]:
    """The text files below a folder that are not too large, as relative paths and texts."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_symlink() or not path.is_file() or ".git" in inside.parts or path.stat().st_size > LARGEST:
            continue
        data = path.read_bytes()
        if b"\0" in data:
            continue
        try:
            yield inside.as_posix(), data.decode("utf-8")
        except UnicodeDecodeError:
            continue


def checkout(folder: Path, part: int = 1) -> Checkout:
    """Redact a checkout's files, of every `part` files one."""
    files = 0
    lines = 0
    slow = 0
    refused = 0
    megabytes = 0.0
    seconds = 0.0
    found = list[FalseAlarm]()
    for number, (path, text) in enumerate(text_files(folder)):
        if number % part:
            continue
        start = time.perf_counter()
        try:
            taken = taken_spans(path, text)
        except RedactionError:
            refused += 1
            taken = []
        spent = time.perf_counter() - start
        files += 1
        lines += len(text.splitlines())
        megabytes += len(text.encode()) / 1e6
        seconds += spent
        slow += spent > SLOW_S
        found += alarms(path, text, taken)
    return Checkout(folder.name, files, lines, megabytes, seconds, slow, refused, tuple(found))


def corpus_figures(
    found: Sequence[Outcome], wrong: Sequence[FalseAlarm], seeds: int, lines: int
) -> dict[str, Any]:
    """All figures of the corpus."""
    return {
        "seeds": seeds,
        "lines": lines,
        "recall": [
            asdict(recall("all", found)),
            *(asdict(row) for row in recalls(found, lambda each: each.area)),
        ],
        "by format": [asdict(row) for row in recalls(found, lambda each: each.format)],
        "by kind of value": [asdict(row) for row in recalls(found, lambda each: each.kind.partition(":")[0])],
        "by construct": [asdict(row) for row in recalls(found, lambda each: each.construct)],
        "false alarms": {
            "places per seed": round(len(wrong) / seeds, 1),
            "lines": len({(each.path, each.line) for each in wrong}),
        },
    }


def corpus_table(found: dict[str, Any]) -> str:
    """The figures as text."""
    parts = []
    for title in ("recall", "by format", "by construct", "by kind of value"):
        rows = [Recall(**row) for row in found[title]]
        parts.append(f"{title:24} secrets  found  95 % interval")
        parts += [
            f"  {row.name:22} {row.count:7}  {row.share:5.1%}  {row.low:.1%} to {row.high:.1%}"
            for row in rows
        ]
    wrong = found["false alarms"]
    parts.append(f"false alarms: {wrong['places per seed']} per seed in {found['lines']} lines")
    return "\n".join(parts)


def options_of(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--corpus", type=Path, nargs="?", const=CORPUS, metavar="FOLDER", help="recall")
    what.add_argument("--labelled", type=Path, metavar="FILE", help="recall of labelled texts")
    what.add_argument("--oracle", action="store_true", help="recall of tokens of another scanner's rules")
    what.add_argument("--public", type=Path, metavar="FOLDER", help="false alarms")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="fillings of the corpus")
    parser.add_argument("--part", type=int, default=1, help="of so many public files, take one")
    parser.add_argument("--show", action="store_true", help="list misses and what was taken falsely")
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    try:
        if options.labelled:
            _score_labels(options)
        elif options.oracle:
            _ask_oracle(options)
        else:
            _corpus(options) if options.corpus else _public(options)
    except (ValueError, OSError) as error:
        sys.exit(f"redaction.py: {error}")


def _corpus(options: argparse.Namespace) -> None:
    found, wrong = list[Outcome](), list[FalseAlarm]()
    forms = templates(options.corpus)
    lines = 0
    for seed in range(1, options.seeds + 1):
        files = fill_all(forms, seed)
        lines = sum(len(each.text.splitlines()) for each in files)
        hits, taken, _ = judge(files)
        found += hits
        wrong += taken
    figures = corpus_figures(found, wrong, options.seeds, lines)
    if options.json:
        print(layout({"provenance": provenance(), **figures}))
        return
    print(corpus_table(figures))
    if options.show:
        for each, count in misses(found):
            print(
                f"missed in {count} of {options.seeds}: {each.path} {each.kind} @{each.construct} #{each.key}"
            )
        _show(wrong)


def _score_labels(options: argparse.Namespace) -> None:
    found = dict[str, list[bool]]()
    for line in options.labelled.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        text, secret = row["text"], row["secret"]
        hit = is_found(text, secret, taken_spans(row.get("path", ""), text))
        found.setdefault(row.get("set", "all"), []).append(hit)
        if options.show and not hit:
            print(f"missed: {secret[:SHOWN]!r} in {text.strip()[:SHOWN]!r}")
    for name, hits in sorted(found.items()):
        print(f"{name:24} {len(hits):7}  {sum(hits) / len(hits):5.1%}")


def _ask_oracle(options: argparse.Namespace) -> None:
    rows = list(verdicts(load_scanner()))
    for name, counts in (
        ("alone", [(row.rule, row.alone, row.missed_alone) for row in rows if row.alone]),
        ("with a name", [(row.rule, row.named, row.missed_named) for row in rows]),
    ):
        bad = [(rule, missed[0]) for rule, count, missed in counts if 2 * len(missed) >= count]
        found = len(counts) - len(bad)
        print(f"{name:24} {found} of {len(counts)} rules  {found / len(counts):.1%}")
        for rule, secret in bad if options.show else ():
            print(f"  missed: {rule} {secret[:SHOWN]!r}")


def _public(options: argparse.Namespace) -> None:
    folders = sorted(path for path in options.public.iterdir() if path.is_dir())
    if not folders:
        raise ValueError(f"{options.public} has no subfolders: put one checkout into each")
    rows = []
    for folder in folders:
        row = checkout(folder, options.part)
        rows.append(row.figures())
        if not options.json:
            print("  ".join(f"{name} {figure}" for name, figure in rows[-1].items()), flush=True)
            if options.show:
                _show(row.alarms)
    if options.json:
        print(layout({"provenance": provenance(), "repositories": rows}))


def _show(wrong: Sequence[FalseAlarm]) -> None:
    for each in wrong:
        text = each.text.replace("\n", "\\n")[:SHOWN]
        print(f"  {each.path}:{each.line}: {each.type} {text!r} in {each.source.strip()[:SHOWN]!r}")


if __name__ == "__main__":
    main()
