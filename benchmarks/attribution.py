"""Attribution: which requests with text of restricted files are recognized, and which others.

    uv run python benchmarks/attribution.py FOLDER [--half tuned|held-out] [--requests 2000] [--show]
    uv run python benchmarks/attribution.py FOLDER --speed

FOLDER holds git clones. In each, a tenth of the text files is restricted by a data class: half of them as
whole folders, half one by one. A request is what a tool would send: a system prompt, a question, one to three
results of tools with text of allowed files, and, where it counts for recall, one with text of a restricted
file, whole or some lines of it, in one of the disguises of `bench/attribution/disguises.py`. No path of a
restricted file is claimed, so only content counts. Others have text of allowed files in the same disguises;
text of other clones, which no file of the clone has, is counted apart. `bench/attribution/truth.py` says what
has to be found. Every second clone by name is held out: no threshold was chosen by it. `--speed` measures one
text of 10 KB with 2,000 restricted files.
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from assist_evaluation.proportions import wilson
from assist_gateway.attribution import RestrictedFiles, attribute, without_spans
from assist_gateway.clean_text_cache import CleanTextCache
from assist_gateway.restricted_fingerprints import WorkspacePrints
from assist_server.config.config import Config, load_lenient
from bench.attribution.disguises import CUTS, DISGUISES, PATH, piece
from bench.attribution.truth import AllowedTexts, allowed_texts, left_over, more_in_parts, says_more

SHARE = 0.1
LARGEST = 1_000_000
SETTINGS = """
[providers.big]
base_url = "https://models.example/v1"
model = "big"
residency = ["public", "internal"]
price = { input_usd_per_mtok = 1, output_usd_per_mtok = 4 }
[escalation]
mode = "auto"
[data_class]
"""
SYSTEM = (
    "You are an agent that edits code. Use the tools to read files before you change them. Answer briefly. "
    "Never invent a path. After an edit, run the tests and say what failed."
)
QUESTIONS = (
    "Why does the second call fail when the first one was cancelled?",
    "Add a parameter for the timeout and use it everywhere. Keep the order of arguments.",
    "Write a test for this, and explain in two sentences what it does.",
    "I get `TypeError: 'NoneType' object is not iterable` in line 40; what should I look at?",
)


@dataclass(slots=True)
class Clone:
    """A clone with its files by path, those that are restricted, and what the product makes of it."""

    name: str
    texts: dict[str, str] = field(repr=False)
    restricted: list[str] = field(repr=False)
    allowed: list[str] = field(repr=False)
    truth: AllowedTexts = field(repr=False)
    files: RestrictedFiles = field(repr=False)


def committed_files(root: Path) -> dict[str, str]:
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout
    found = {}
    for name in os.fsdecode(listed).split("\0"):
        path = root / name
        if name and path.is_file() and not path.is_symlink() and path.stat().st_size <= LARGEST:
            data = path.read_bytes()
            if b"\0" not in data:
                found[name] = data.decode("utf-8", "replace")
    return found


def draw_restricted(names: Sequence[str], rng: random.Random) -> list[str]:
    """A tenth of the files: half as whole folders, half one by one; as many as a setting may name at most."""
    wanted = min(max(4, int(len(names) * SHARE)), 990)
    folders = sorted({name.rpartition("/")[0] for name in names} - {""})
    rng.shuffle(folders)
    found: dict[str, None] = {}
    for folder in folders:
        inside = [name for name in names if name.startswith(folder + "/")]
        if len(found) + len(inside) <= wanted // 2 + 1:
            found |= dict.fromkeys(inside)
    rest = [name for name in names if name not in found]
    rng.shuffle(rest)
    return [*found, *rest[: wanted - len(found)]]


def config_for(folder: Path, restricted: Sequence[str]) -> Config:
    rules = "\n".join(f'"/{name}" = "restricted"' for name in restricted)
    (folder / "config.toml").write_text(SETTINGS + rules)
    places = {"ASSIST_CONFIG_DIR": str(folder), "ASSIST_DATA_DIR": str(folder / "data")}
    return load_lenient({**os.environ, **places}, ())


def open_clone(root: Path, rng: random.Random) -> Clone:
    texts = committed_files(root)
    plain = [name for name in sorted(texts) if re.fullmatch(r"[\w./-]+", name, re.ASCII)]
    restricted = draw_restricted(plain, rng)
    with tempfile.TemporaryDirectory() as folder:
        config = config_for(Path(folder), restricted)
        start = time.perf_counter()
        files = WorkspacePrints([str(root.resolve())], b"benchmark").restricted_for(config, "big")
        took = time.perf_counter() - start
    kept = {file.path for file in files.files}
    allowed = [name for name in texts if name not in kept]
    print(
        f"{root.name}: {len(texts)} files, {len(kept)} restricted, {took:.1f} s", file=sys.stderr, flush=True
    )
    return Clone(
        root.name,
        texts,
        [name for name in restricted if name in kept],
        allowed,
        allowed_texts(texts[name] for name in allowed),
        files,
    )


def strings_of(clone: Clone, rng: random.Random) -> list[str]:
    """What is in every request: instructions, a question, and results with text of allowed files."""
    shown = []
    for _ in range(rng.randrange(1, 4)):
        taken = piece(clone.texts[rng.choice(clone.allowed)], rng)
        disguise = rng.choice([*DISGUISES, *CUTS])
        shown.append(
            CUTS[disguise](taken, rng).shown if disguise in CUTS else DISGUISES[disguise](taken, rng)
        )
    return [SYSTEM, rng.choice(QUESTIONS), *shown]


@dataclass(slots=True)
class Counts:
    """How many requests there were, and how many were attributed, by what was in them."""

    asked: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, kind: str, found: bool, told: str = "") -> None:
        self.asked[kind] += 1
        self.found[kind] += found
        if told:
            self.wrong.append(told)

    def rows(self) -> dict[str, str]:
        rows = {}
        for kind in sorted(self.asked):
            low, high = wilson(self.found[kind], self.asked[kind])
            share = self.found[kind] / self.asked[kind]
            rows[kind] = f"{self.found[kind]} of {self.asked[kind]}: {share:.2%} ({low:.2%} to {high:.2%})"
        return rows


def measure_recall(clone: Clone, count: int, rng: random.Random, counts: Counts) -> None:
    """Requests with text of restricted files; only those count in which there is something to find."""
    done = 0
    tries = 0
    while done < count and tries < count * 20:
        tries += 1
        taken = piece(clone.texts[rng.choice(clone.restricted)], rng)
        disguise = rng.choice([*DISGUISES, *CUTS])
        if disguise in CUTS:
            cut = CUTS[disguise](taken, rng)
            text = cut.shown
            kind = more_in_parts(cut.whole, cut.parts, clone.truth)
        else:
            kind = says_more(taken, clone.truth, joined=disguise == "minified")
            text = DISGUISES[disguise](taken, rng)
        if disguise == "minified" and len("".join(text.split())) < 80:
            continue
        if not kind:
            continue
        spans = attribute(text, (PATH,), clone.files)
        caught = bool(spans)
        for name in ("all", kind, disguise) if kind != "short pair" else ("short pairs",):
            told = (
                "" if caught or name != "all" else f"MISSED {clone.name} {disguise} {kind}: {text[:1200]!r}"
            )
            counts.add(name, caught, told)
        if kind == "pair" and disguise not in ("minified", "diff", *CUTS):
            left = left_over(taken, without_spans(text, spans), clone.truth)
            told = f"LEFT {clone.name} {disguise} {left}: {text!r} -> {spans}" if left else ""
            counts.add("of these, two lines left", bool(left), told)
        done += kind != "short pair"


def measure_false(
    clone: Clone, others: Sequence[Clone], count: int, rng: random.Random, counts: Counts
) -> None:
    """Requests with text of allowed files only, and texts of other clones."""
    for _ in range(count):
        wrong = [wrong for text in strings_of(clone, rng) for wrong in _wrong(clone, text)]
        counts.add("allowed text only", bool(wrong), "\n".join(f"ALLOWED {told}" for told in wrong))
        if others:
            other = rng.choice(others)
            text = piece(other.texts[rng.choice(list(other.texts))], rng)
            counts.add("text of another clone", bool(wrong := _wrong(clone, text)), "\n".join(wrong))


def _wrong(clone: Clone, text: str) -> list[str]:
    return [
        f"FALSE {clone.name} {span.path}: {text[span.start : span.end]!r}"
        for span in attribute(text, (PATH,), clone.files)
    ]


def measure_speed(clones: Sequence[Clone]) -> dict[str, float]:
    """Milliseconds for a new text of 10,000 characters, against an index of 2,000 files; the best of 30."""
    texts = [text for clone in clones for text in clone.texts.values()][:2_000]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "many"
        for number, text in enumerate(texts):
            (root / str(number % 50)).mkdir(parents=True, exist_ok=True)
            (root / str(number % 50) / f"{number}.txt").write_text(text)
        (Path(folder) / "own").mkdir()
        config = config_for(Path(folder) / "own", ["**"])
        prints = WorkspacePrints([str(root.resolve())], b"benchmark")
        start = time.perf_counter()
        files = prints.restricted_for(config, "big")
        first = time.perf_counter() - start
        start = time.perf_counter()
        prints.restricted_for(config, "big")
        again = time.perf_counter() - start
    print(f"{len(texts)} files, {sum(map(len, texts)):,} characters, {len(files.index.hashes):,} prints")
    rows = {"first look, ms": first * 1e3, "look without changes, ms": again * 1e3}
    strange = "\n".join(f"line {n} of a text that is new says {n * 7919 % 1009}" for n in range(400))[:10_000]
    known = "\n".join(texts)[:10_000]
    for name, text in (("new text", strange), ("known text", known)):
        for disguise in ("as it is", "cat -n in JSON", "diff"):
            shown = DISGUISES[disguise](text, random.Random(1))[:10_000]
            rows[f"{name}, {disguise}, ms"] = min(_ms(shown, files) for _ in range(30))
    return rows


def _ms(text: str, files: RestrictedFiles) -> float:
    new = replace(files, strange=CleanTextCache())  # else what was compared before is known
    start = time.perf_counter()
    attribute(text, (), new)
    return (time.perf_counter() - start) * 1e3


def clones_of(folder: Path, half: str) -> Iterator[Path]:
    for number, root in enumerate(sorted(path for path in folder.iterdir() if (path / ".git").exists())):
        if half == "both" or (number % 2 == 1) == (half == "held-out"):
            yield root


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--half", choices=["tuned", "held-out", "both"], default="both")
    parser.add_argument("--requests", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="print what was missed and what was wrong")
    parser.add_argument("--speed", action="store_true")
    options = parser.parse_args()
    clones = [
        open_clone(root, random.Random(options.seed)) for root in clones_of(options.folder, options.half)
    ]
    if options.speed:
        print(json.dumps(measure_speed(clones), indent=1))
        return
    counts = Counts()
    for clone in clones:
        rng = random.Random(f"{options.seed} {clone.name}")
        share = -(-options.requests // len(clones))
        measure_recall(clone, share, rng, counts)
        measure_false(clone, [one for one in clones if one is not clone], share, rng, counts)
    print(json.dumps(counts.rows(), indent=1, ensure_ascii=False))
    if options.show:
        print("\n".join(told for told in counts.wrong if told))


if __name__ == "__main__":
    main()
