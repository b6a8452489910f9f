"""Ghost text at places of recent commits: how much of what is shown is useful, and how much does harm?

    npm install --prefix TOOLS pyright typescript@5
    uv run python benchmarks/trust.py --data FOLDER --tools TOOLS [--model NAME] [--warm] [--out FILE]

FOLDER holds git clones of public repositories, each with a history. A place is a line that one of the newest
commits added, half written again; the index is that of a commit before. The engine and the settings are those
of `assist lsp`, one request a place: cold as after a jump, or warm with the whole head read before. Judged by
machine, as `bench/trust/judge.py` says: what exists, by pyright and TypeScript's compiler, with what is
installed in the clones (.venv, node_modules); for other languages, and without --tools, by our own rules.
`--rejudge FILE` judges the texts of an earlier run again.
Results hold no text; --texts FILE keeps the texts for `--rejudge` and for reading.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from assist_completion.model_store.store import resolve
from assist_completion.suggestion import Suggestion
from assist_server.config.config import Config, load_lenient
from assist_server.local_model.opening import open_engine, store_of
from assist_server.records.proportions import wilson
from bench.provenance import provenance, write
from bench.trust.asking import Asker, LookUps, workspace
from bench.trust.judge import judge, names_in
from bench.trust.missing import first_invented, missing_names
from bench.trust.places import TrustPlace, check_out, places

VERDICTS = ("useful", "harmless", "harmful", "nothing")


async def run(
    repositories: Sequence[Path], config: Config, count: int, *, warm: bool
) -> list[dict[str, Any]]:
    """Return one row for each place, with its texts, not judged."""
    each = -(-count // len(repositories))
    rows = []
    engine = (await asyncio.to_thread(open_engine, config)).engine
    try:
        for repository in repositories:
            drawn = places(repository, repository.name, each)
            with workspace(repository, config, drawn) as (root, search):
                asker = Asker(search, root)
                for place in drawn:
                    look_ups = LookUps()
                    given = await asker.ask(engine, place, look_ups, warm=warm)
                    rows.append(_row(place, given, late=look_ups.late))
            print(f"{repository.name}: {len(rows)} places so far", file=sys.stderr, flush=True)
        counts = dict(engine.counts)
    finally:
        engine.close()
    print(f"tokens written {counts.get('tokens-written', 0)}, ever shown {counts.get('tokens-used', 0)}")
    print(f"looked up later than the engine waits: {sum(row['late'] for row in rows)}")
    return rows


def judge_rows(
    rows: Sequence[dict[str, Any]], repositories: Sequence[Path], tools: Path | None, *, show: bool
) -> list[dict[str, Any]]:
    """Return the rows with the judgements of now. Without `tools` our own rules say which names exist."""
    found: dict[str, dict[str, Any]] = {}
    for repository in repositories:
        own = [row for row in rows if row["place"]["repository"] == repository.name]
        asked = [(TrustPlace(**row["place"]), row["text"], row["replace"]) for row in own]
        missing = missing_names(tools, repository, asked) if tools and asked else {}
        with tempfile.TemporaryDirectory() as folder:
            check_out(repository, Path(folder))
            known = names_in(Path(folder))
        for row, (place, text, replaced) in zip(own, asked, strict=True):
            faults = missing.get((place.id, text))
            name = None if faults is None else first_invented(faults)
            judgement = judge(place, text, replaced, known, name)
            found[row["id"]] = {**row, **asdict(judgement), "checked": name is not None}
            _report(found[row["id"]], show=show)
    return [found[row["id"]] for row in rows]


def _row(place: TrustPlace, given: Suggestion, *, late: bool) -> dict[str, Any]:
    return {
        "id": place.id,
        "kind": place.kind,
        "language": place.language.name,
        "reason": given.reason,
        "score": round(given.score, 4),
        "lines": given.text.count("\n") + 1 if given.shown else 0,
        "ms": round(given.ms.total),
        "prompt": given.tokens.prompt,
        "late": late,
        "place": asdict(place),
        "text": given.text if given.shown else "",
        "candidate": given.candidate,
        "replace": given.replace,
    }


def _report(row: dict[str, Any], *, show: bool) -> None:
    if show:
        before = row["place"]["before"].rpartition("\n")[2]
        truth = row["place"]["truth"].partition("\n")[0]
        texts = f"\n    {before}|{row['text']!r}\n    truth {truth!r}"
        print(f"{row['verdict']} {row['why']} {row['id']}{texts}", file=sys.stderr)


def table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return the shares by language, by kind and in all, as lines of Markdown; intervals of 95 %."""
    lines = [
        "| places | n | shown | useful | harmless | harmful | harmful of shown | several lines: harmful | "
        "ms p50 | p95 |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    groups = [("language", each) for each in dict.fromkeys(row["language"] for row in rows)]
    groups += [("kind", each) for each in dict.fromkeys(row["kind"] for row in rows)]
    for key, value in (*groups, ("", "all")):
        own = [row for row in rows if not key or row[key] == value]
        counted = Counter(row["verdict"] for row in own)
        shown = len(own) - counted["nothing"]
        low, high = wilson(counted["harmful"], shown) if shown else (0.0, 0.0)
        several = [row for row in own if row["lines"] > 1]
        harmful = sum(row["verdict"] == "harmful" for row in several)
        ms = sorted(row["ms"] for row in own)
        shares = " | ".join(f"{counted[each] / len(own):.1%}" for each in VERDICTS[:3])
        lines.append(
            f"| {value} | {len(own)} | {shown} | {shares} | {counted['harmful'] / max(shown, 1):.1%} "
            f"({low:.1%} to {high:.1%}) | {harmful} of {len(several)} | {ms[len(ms) // 2]} | "
            f"{ms[int(0.95 * (len(ms) - 1))]} |"
        )
    why = Counter(row["why"].partition(" name")[0] for row in rows if row["verdict"] == "harmful")
    return [*lines, "", f"harmful by rule: {dict(why.most_common())}"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="a folder of git clones")
    parser.add_argument("--tools", type=Path, help="a folder with pyright and typescript, to judge names")
    parser.add_argument("--model", default="", help="default: the one in the settings")
    parser.add_argument("--mode", default="balanced", choices=("eager", "balanced", "quiet"))
    parser.add_argument("--warm", action="store_true", help="read the whole head before each request")
    parser.add_argument("--count", type=int, default=600)
    parser.add_argument("--show", action="store_true", help="print each place with its text")
    parser.add_argument("--texts", type=Path, help="where to keep the texts")
    parser.add_argument("--rejudge", type=Path, help="judge the texts of an earlier run again")
    parser.add_argument("--out", type=Path)
    flags = parser.parse_args()
    repositories = sorted(each for each in flags.data.iterdir() if each.is_dir())
    config = load_lenient()
    model = flags.model or config.completion.model
    config = replace(config, completion=replace(config.completion, model=model, mode=flags.mode))
    if flags.rejudge:
        rows = json.loads(flags.rejudge.read_text())
    else:
        rows = asyncio.run(run(repositories, config, flags.count, warm=flags.warm))
    if flags.texts:
        flags.texts.write_text(json.dumps(rows))
    rows = judge_rows(rows, repositories, flags.tools, show=flags.show)
    print("\n".join(table(rows)))
    if flags.texts:
        flags.texts.write_text(json.dumps(rows))
    if flags.out:
        texts = ("place", "text", "candidate")
        kept = [{key: value for key, value in row.items() if key not in texts} for row in rows]
        write(flags.out, provenance(resolve(store_of(config), model)), {"places": kept})


if __name__ == "__main__":
    main()
