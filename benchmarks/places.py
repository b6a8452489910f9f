"""Ghost text at places of recent commits: whether what is shown agrees with what people wrote, and the gate.

    uv run python benchmarks/places.py ask --data FOLDER --model NAME --out ROWS     what the product shows
    uv run python benchmarks/places.py judge ROWS [BEFORE]                           figures, paired by place
    uv run python benchmarks/places.py sheet ROWS OTHER_ROWS... --out SHEET          texts for readers
    uv run python benchmarks/places.py write --data FOLDER --model NAME --out TEXTS  raw texts of a model
    uv run python benchmarks/places.py fit NAME=TEXTS... [--write]                   the show gate
    uv run python benchmarks/places.py refusals --data FOLDER                        rules at lines of people

FOLDER holds git clones of public repositories (bare ones too) with commits of this year. A place is a line
that one of them added, cut at its start, after a dot, after a bracket or within it; the index is that of the
commit before all of them. `ask` asks the engine of `assist lsp` once a place, cold as after a jump, and with
--rest once more after four seconds there (OUT.rested). Run it alone on the machine if times matter.
ROWS and TEXTS hold code and stay outside of this repository.
"""

import argparse
import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from assist_completion.display.contradictions import contradicts
from assist_completion.display.refutation import find_mentions, list_names
from assist_completion.engine.engine import Engine, make_site
from assist_completion.model_store.store import resolve
from assist_completion.suggestion import Suggestion
from assist_context.documents import gather
from assist_server.config.config import Config, load_lenient
from assist_server.local_model.opening import open_engine, open_store, use_libraries
from bench.places import agreement, gate_fit, reading
from bench.places.asking import Asker, LookUps, workspace
from bench.places.commits import Place
from bench.places.cuts import cut_lines, one_place
from bench.places.writing import open_model, texts_of
from bench.provenance import provenance, write

GATE = Path(__file__).parents[1] / "completion/assist_completion/display/confidence.toml"
STEPS = (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
REST = 4.0  # seconds

Rows = list[dict[str, Any]]


def repositories(folder: Path) -> list[Path]:
    """The clones in a folder."""
    return sorted(each for each in folder.iterdir() if each.is_dir())


def read(path: Path) -> Rows:
    """The rows of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


async def ask(config: Config, folder: Path, count: int, *, rest: bool) -> tuple[Rows, Rows]:
    """A row for each place: what the engine shows there at once, and what after a rest, if there is one."""
    at_once: Rows = []
    rested: Rows = []
    found = repositories(folder)
    opened = await asyncio.to_thread(open_engine, config)
    try:
        for repository in found:
            lines = list(cut_lines(repository, -(-count // len(found))))
            drawn = [one_place(line, number) for number, line in enumerate(lines)]
            with workspace(repository, config, drawn) as (root, search):
                asker = Asker(search, root)
                for place in drawn:
                    opened.engine._speculator._pace._work.clear()  # no place pays for the one before
                    at_once.append(await _row(asker, opened.engine, place))
                    if rest:
                        await asyncio.sleep(REST)
                        rested.append(await _row(asker, opened.engine, place))
            print(f"{repository.name}: {len(at_once)} places so far", file=sys.stderr, flush=True)
    finally:
        opened.engine.close()
    print(f"counts: {dict(opened.engine.counts)}", file=sys.stderr)
    return at_once, rested


async def _row(asker: Asker, engine: Engine, place: Place) -> dict[str, Any]:
    return {**_answer(await asker.ask(engine, place, LookUps())), "place": asdict(place)}


def _answer(given: Suggestion) -> dict[str, Any]:
    return {
        "text": given.text if given.shown else "",
        "candidate": given.candidate,
        "reason": given.reason,
        "score": given.score,
        "guess": given.guess,
        "source": given.source,
        "ms": round(given.ms.total),
        "tokens": given.tokens.evaluated,
    }


def write_texts(config: Config, folder: Path, model: str, lines: int, full: int) -> Iterator[dict[str, Any]]:
    """Raw texts at all places of some lines; every `full`th line is read with a full head too."""
    use_libraries(config)
    opened = open_model(resolve(open_store(config), model), config.completion.threads)
    for repository in repositories(folder):
        drawn = list(cut_lines(repository, lines))
        with workspace(repository, config, [line.places[0] for line in drawn]) as (root, search):
            asker = Asker(search, root)
            for number, line in enumerate(drawn):
                yield from texts_of(opened, asker, line, full=False)
                if full and number % full == 0:
                    yield from texts_of(opened, asker, line, full=True)
        print(f"{repository.name}: {len(drawn)} lines", file=sys.stderr, flush=True)


def fit(files: Mapping[str, Path], *, save: bool) -> None:
    """Fit the gate of each model, print what it shows in repositories it was not fitted to, and write it."""
    texts = {model: list(gate_fit.written_texts(read(path))) for model, path in files.items()}
    weights = {model: gate_fit.fit(own) for model, own in texts.items()}
    weights["other"] = gate_fit.fit([written for own in texts.values() for written in own])
    held_out = {f"held out, {model}": gate_fit.held_out(own) for model, own in texts.items()}
    print(json.dumps({"weights": weights, **held_out}, indent=1))
    if save:
        header = provenance()
        fitted_on = {
            model: {
                "texts": len(own),
                "lines": len({written.row["line"] for written in own}),
                "repositories": len({written.repository for written in own}),
            }
            for model, own in texts.items()
        }
        origin = {"of": {key: header[key] for key in ("date", "command")}, "fitted on": fitted_on, **held_out}
        GATE.write_text(gate_fit.gate_file(weights, origin), encoding="utf-8")


def refusals(config: Config, folder: Path, count: int) -> Counter[str]:
    """How many lines that people wrote the rules of ghost text would refuse, by rule.

    The index is that of the newest commit, which has what the lines name.
    """
    found = repositories(folder)
    counts: Counter[str] = Counter()
    for repository in found:
        drawn = [line.places[0] for line in cut_lines(repository, -(-count // len(found)))]
        with workspace(repository, config, drawn, commit="HEAD") as (root, search):
            asker = Asker(search, root)
            for place in drawn:
                question = asker.question(place)
                site = make_site(gather(question.shown, question.cursor))
                truth = place.truth.partition("\n")[0]
                refuted = question.refute(list_names(find_mentions(site, truth)))
                counts["lines"] += 1
                counts["contradictions"] += contradicts(site, truth)
                counts["calls"] += bool(refuted.calls)
                counts["members"] += bool(refuted.accesses)
                counts["names"] += bool(refuted.bare or refuted.members)
    return counts


def judge(rows: Rows, before: Rows | None) -> list[str]:
    """Figures by kind and in all, the curve by score, and the differences to rows of before, in Markdown."""
    groups = [*dict.fromkeys(row["place"]["kind"] for row in rows), "all"]
    parts = {kind: [row for row in rows if kind in ("all", row["place"]["kind"])] for kind in groups}
    found = {kind: agreement.figures(own) for kind, own in parts.items()}
    heads = ["places of the kind", *found["all"]]
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {kind} | {' | '.join(map(str, own.values()))} |" for kind, own in found.items()]
    lines += ["", "| score from | shown | agree | share |", "|---|---|---|---|"]
    for step, shown, agree in agreement.curve(rows, STEPS):
        lines.append(f"| {step} | {shown} | {agree} | {agree / max(1, shown):.2f} |")
    if before is not None:
        lines += ["", f"after - before, in points: {agreement.differences(before, rows)}"]
    return lines


def _save(path: Path, rows: Iterator[dict[str, Any]] | Rows) -> None:
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row) + "\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("ask", "write", "refusals"):
        own = commands.add_parser(name)
        own.add_argument("--data", type=Path, required=True, help="a folder of git clones")
        own.add_argument("--count", type=int, default={"ask": 400, "write": 12, "refusals": 3_000}[name])
        if name != "refusals":
            own.add_argument("--model", default="", help="default: the one in the settings")
            own.add_argument("--out", type=Path, required=True)
    commands.choices["ask"].add_argument("--mode", default="balanced", choices=("eager", "balanced", "quiet"))
    commands.choices["ask"].add_argument(
        "--rest", action="store_true", help="ask once more after four seconds"
    )
    commands.choices["write"].add_argument(
        "--full", type=int, default=3, help="lines for one with a full head"
    )
    own = commands.add_parser("judge")
    own.add_argument("rows", type=Path)
    own.add_argument("before", type=Path, nargs="?")
    own.add_argument("--out", type=Path, help="figures as JSON, without texts")
    own = commands.add_parser("sheet")
    own.add_argument("rows", type=Path, nargs="+")
    own.add_argument("--count", type=int, default=120)
    own.add_argument("--out", type=Path, required=True)
    own = commands.add_parser("fit")
    own.add_argument("texts", nargs="+", help="NAME=FILE")
    own.add_argument("--write", action="store_true", dest="save")
    return parser


def main() -> None:
    flags = _parser().parse_args()
    config = load_lenient()
    model = getattr(flags, "model", "") or config.completion.model
    config = replace(config, completion=replace(config.completion, model=model))
    match flags.command:
        case "ask":
            asked = replace(config, completion=replace(config.completion, mode=flags.mode))
            rows, rested = asyncio.run(ask(asked, flags.data, flags.count, rest=flags.rest))
            _save(flags.out, rows)
            if rested:
                _save(flags.out.with_suffix(".rested"), rested)
            print("\n".join(judge(rows, None)))
        case "write":
            _save(flags.out, write_texts(config, flags.data, model, flags.count, flags.full))
        case "refusals":
            print(dict(refusals(config, flags.data, flags.count)))
        case "judge":
            rows = read(flags.rows)
            print("\n".join(judge(rows, read(flags.before) if flags.before else None)))
            if flags.out:
                kept = [
                    {key: row[key] for key in ("reason", "score", "guess", "ms", "tokens")}
                    | {"id": row["place"]["id"], "kind": row["place"]["kind"]}
                    | {"shown": bool(row["text"]), "agrees": agreement.is_right(row)}
                    for row in rows
                ]
                write(flags.out, provenance(), {"places": kept})
        case "sheet":
            reading.write_sheet([read(path) for path in flags.rows], flags.count, random.Random(1), flags.out)
        case "fit":
            named = (each.partition("=") for each in flags.texts)
            fit({name: Path(path) for name, _, path in named}, save=flags.save)


if __name__ == "__main__":
    main()
