"""Ghost text at dereferences and calls: how much of it names what does not exist, and is that seen in time?

    npm install --prefix TOOLS pyright typescript@5
    uv run python benchmarks/members.py --tools TOOLS [--model NAME] [--count 400] [--out FILE] FOLDER...

A FOLDER is a workspace with what it imports installed (.venv, node_modules): a package or an application that
is younger than the model, whose places are anywhere in its code; or a git clone, whose places are lines that
its newest commits added, with the index of the commit before. Asked cold, as `assist lsp` asks.
Arms: `written` is what the model wrote, before it is decided what to show; `nothing` is shown without any
look-up of names, `check` with it. Whether a name exists is judged by pyright and TypeScript's compiler on the
file with the text in it. Look-ups get the time that they take; `late` counts those that the engine would not
have waited for.
Results hold no text; --texts FILE keeps the texts for reading, for `--rejudge`, and for `--recheck`: what the
look-ups of now leave of them, without the model, so no alternative takes the place of what is cut.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from assist_completion.engine.engine import Engine
from assist_completion.model_store.store import resolve
from assist_completion.suggestion import Suggestion
from assist_server.config.config import Config, load_lenient
from assist_server.local_model.opening import open_engine, open_store
from bench.members.figures import table
from bench.members.judge import judge_rows
from bench.members.places import places
from bench.places.asking import Asker, LookUps, workspace
from bench.places.commits import Place
from bench.provenance import provenance, write

ARMS = ("written", "nothing", "check")


async def run(folders: Sequence[Path], config: Config, count: int) -> list[dict[str, Any]]:
    """One row for each place, with the texts of each arm, not judged."""
    rows = []
    engine = (await asyncio.to_thread(open_engine, config)).engine
    share = -(-count // len(folders))
    try:
        for folder in folders:
            drawn = places(folder, share)
            with workspace(folder, config, drawn) as (root, search):
                asker = Asker(search, root)
                rows += [await _row(engine, asker, place, young=root == folder) for place in drawn]
            print(f"{folder.name}: {len(drawn)} places", file=sys.stderr, flush=True)
    finally:
        engine.close()
    return rows


async def _row(engine: Engine, asker: Asker, place: Place, *, young: bool) -> dict[str, Any]:
    """What each arm gives at a place. The second request finds the text of the first."""
    counts = engine.counts
    start = counts["tokens-written"]
    bare = await asker.ask(engine, place)
    unchecked = counts["tokens-written"]
    look_ups = LookUps()
    checked = await asker.ask(engine, place, look_ups)
    arms = {
        "nothing": _arm(bare, unchecked - start),
        "check": _arm(checked, counts["tokens-written"] - start),
    }
    arms["written"] = {**arms["nothing"], "text": bare.candidate}
    row = _row_of(place, look_ups, young=young)
    return {**row, "arms": {name: arms[name] for name in ARMS}, "place": asdict(place)}


def _row_of(place: Place, look_ups: LookUps, *, young: bool) -> dict[str, Any]:
    return {
        "id": place.id,
        "kind": place.kind,
        "language": place.language.name,
        "from": "young" if young else "commits",
        **_facts(look_ups),
    }


def recheck(rows: Sequence[dict[str, Any]], folders: Sequence[Path], config: Config) -> list[dict[str, Any]]:
    """The rows of an earlier run, with what the look-ups of now leave of its unchecked texts."""
    done: dict[str, dict[str, Any]] = {}
    for folder in folders:
        own = [row for row in rows if row["place"]["repository"] == folder.name]
        drawn = [Place(**row["place"]) for row in own]
        with workspace(folder, config, drawn) as (root, search):
            asker = Asker(search, root)
            for row, place in zip(own, drawn, strict=True):
                arm = row["arms"]["nothing"]
                given = Suggestion(text=arm["text"], shown=bool(arm["text"]), replace=arm["replace"])
                look_ups = LookUps()
                left = asker.check(place, given, look_ups)
                check = {
                    **arm,
                    "text": left.text,
                    "replace": left.replace,
                    "reason": left.reason or arm["reason"],
                }
                done[row["id"]] = {
                    **row,
                    **_facts(look_ups),
                    "arms": {**row["arms"], "earlier": row["arms"]["check"], "check": check},
                }
    return [done[row["id"]] for row in rows]


def _facts(look_ups: LookUps) -> dict[str, Any]:
    milliseconds = round(1e3 * look_ups.seconds, 2)
    return {"look_up_ms": milliseconds, "late": look_ups.late, "refuted": look_ups.refuted}


def _arm(given: Suggestion, tokens: int) -> dict[str, Any]:
    return {
        "text": given.text if given.shown else "",
        "replace": given.replace,
        "reason": given.reason,
        "prompt": given.tokens.prompt,
        "tokens": tokens,
        "ms": round(given.ms.total),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--tools", type=Path, required=True, help="a folder with pyright and typescript")
    parser.add_argument("--model", default="", help="default: the one in the settings")
    parser.add_argument("--mode", default="balanced", choices=("eager", "balanced", "quiet"))
    parser.add_argument("--count", type=int, default=400, help="places in all folders together")
    parser.add_argument("--texts", type=Path, help="where to keep the texts")
    parser.add_argument("--ask-only", action="store_true", help="keep the texts, and judge them later")
    parser.add_argument("--recheck", type=Path, help="look up the names in the texts of an earlier run again")
    parser.add_argument("--rejudge", type=Path, help="judge the texts of an earlier run again")
    parser.add_argument("--out", type=Path)
    flags = parser.parse_args()
    config = load_lenient()
    model = flags.model or config.completion.model
    config = replace(config, completion=replace(config.completion, model=model, mode=flags.mode))
    folders = [folder.resolve() for folder in flags.folders]
    if flags.rejudge:
        rows = json.loads(flags.rejudge.read_text())
    elif flags.recheck:
        rows = recheck(json.loads(flags.recheck.read_text()), folders, config)
    else:
        rows = asyncio.run(run(folders, config, flags.count))
    if flags.texts:
        flags.texts.write_text(json.dumps(rows))
    if flags.ask_only:
        return
    rows = judge_rows(flags.tools, folders, rows)
    print("\n".join(table(rows)))
    if flags.texts:
        flags.texts.write_text(json.dumps(rows))
    if flags.out:
        write(
            flags.out,
            provenance(resolve(open_store(config), model)),
            {"places": [_without_text(row) for row in rows]},
        )


def _without_text(row: dict[str, Any]) -> dict[str, Any]:
    """A row without what people wrote and the model did."""
    texts = ("text", "faults")
    arms = {
        name: {key: value for key, value in arm.items() if key not in texts}
        for name, arm in row["arms"].items()
    }
    kept = {key: value for key, value in row.items() if key not in ("place", "refuted")}
    return {**kept, "refuted": [found.partition(" ")[0] for found in row["refuted"]], "arms": arms}


if __name__ == "__main__":
    main()
