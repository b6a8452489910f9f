"""Ghost text at places of recent commits: how much of what is shown is useful, and how much does harm?

    uv run python benchmarks/trust.py --data FOLDER [--model NAME] [--warm] [--count 600] [--out FILE]

FOLDER holds git clones of public repositories, each with a history. A place is a line that one of the newest
commits added, half written again; the index is that of a commit before. The engine and the settings are those
of `assist lsp`, one request a place: cold as after a jump, or warm with the whole head read before. Judged by
machine, as `bench/trust/judge.py` says. `--rejudge FILE` judges the texts of an earlier run again.
Results hold no text; --texts FILE keeps the texts for `--rejudge` and for reading.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from assist_completion.engine.engine import Engine
from assist_completion.model_store.store import resolve
from assist_completion.suggestion import CompletionRequest, Suggestion
from assist_context.documents import Cursor, Document, TextNames, gather, split_lines
from assist_server.config.config import Config, load_lenient
from assist_server.local_model.opening import open_engine, store_of
from assist_server.records.proportions import wilson
from assist_server.workspace.folder_search import FolderSearch
from assist_server.workspace.index_update import folder_at, update_index
from bench.provenance import provenance, write
from bench.trust.judge import Judgement, judge, names_in
from bench.trust.places import TrustPlace, check_out, places

WARMED = 20.0  # seconds at most to read a full head
VERDICTS = ("useful", "harmless", "harmful", "nothing")


@contextmanager
def workspace(repository: Path, config: Config) -> Iterator[tuple[Path, FolderSearch]]:
    """A repository before the commits of its places, indexed."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, repository.name)
        root.mkdir()
        check_out(repository, root)
        own = folder_at(replace(config, paths=replace(config.paths, data=Path(folder, "data"))), root)
        update_index(config, own, lambda *_: None)
        search = FolderSearch(own)
        try:
            yield root, search
        finally:
            search.close()


async def ask(
    engine: Engine, search: FolderSearch, root: Path, place: TrustPlace, *, warm: bool
) -> Suggestion:
    """The suggestion at a place, as the server asks for it after a pause in typing."""
    document = Document(str(root / place.path), split_lines(place.before + place.after), place.language)
    line = place.before.count("\n")
    cursor = Cursor(line, len(place.before) - place.before.rfind("\n") - 1)
    named = search.with_prompt_path(document)
    snippets = search.snippets(named, cursor, engine.snippet_tokens) if named else ()
    context = gather(named or document, cursor, snippets)
    if warm:
        read = engine.prewarm(context, full=True)
        if read is not None:
            await asyncio.wait_for(asyncio.wrap_future(read), WARMED)

    async def refute(names: TextNames) -> TextNames:
        return search.refute(named or document, cursor, names)

    look_up = refute if named else None
    return await engine.complete(CompletionRequest(context, immediate=True, refute=look_up))


async def run(
    repositories: Sequence[Path], config: Config, count: int, *, warm: bool, show: bool
) -> list[dict[str, Any]]:
    """Return one row for each place, with its texts."""
    each = -(-count // len(repositories))
    rows = []
    engine = (await asyncio.to_thread(open_engine, config)).engine
    try:
        for repository in repositories:
            with workspace(repository, config) as (root, search):
                known = names_in(root)
                for place in places(repository, repository.name, each):
                    given = await ask(engine, search, root, place, warm=warm)
                    found = judge(place, given.text if given.shown else "", given.replace, known)
                    rows.append(_row(place, given, found))
                    _report(rows[-1], show=show)
        counts = dict(engine.counts)
    finally:
        engine.close()
    print(f"tokens written {counts.get('tokens-written', 0)}, ever shown {counts.get('tokens-used', 0)}")
    return rows


def rejudge(
    rows: Sequence[dict[str, Any]], repositories: Sequence[Path], *, show: bool
) -> list[dict[str, Any]]:
    """Return the rows of an earlier run with the judgements of now."""
    known = {}
    for repository in repositories:
        with tempfile.TemporaryDirectory() as folder:
            check_out(repository, Path(folder))
            known[repository.name] = names_in(Path(folder))
    judged = []
    for row in rows:
        place = TrustPlace(**row["place"])
        found = judge(place, row["text"], row["replace"], known[place.repository])
        judged.append({**row, **asdict(found)})
        _report(judged[-1], show=show)
    return judged


def _row(place: TrustPlace, given: Suggestion, found: Judgement) -> dict[str, Any]:
    return {
        "id": place.id,
        "kind": place.kind,
        "language": place.language.name,
        **asdict(found),
        "reason": given.reason,
        "score": round(given.score, 4),
        "lines": given.text.count("\n") + 1 if given.shown else 0,
        "ms": round(given.ms.total),
        "prompt": given.tokens.prompt,
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
        rows = rejudge(json.loads(flags.rejudge.read_text()), repositories, show=flags.show)
    else:
        rows = asyncio.run(run(repositories, config, flags.count, warm=flags.warm, show=flags.show))
    print("\n".join(table(rows)))
    if flags.texts:
        flags.texts.write_text(json.dumps(rows))
    if flags.out:
        texts = ("place", "text", "candidate")
        kept = [{key: value for key, value in row.items() if key not in texts} for row in rows]
        write(flags.out, provenance(resolve(store_of(config), model)), {"places": kept})


if __name__ == "__main__":
    main()
