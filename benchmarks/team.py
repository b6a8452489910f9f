"""A team's server: typing over it, healing over it, and how many developers a machine serves.

    uv run python benchmarks/team.py type [--seeds 1,2] [--out FILE]
    uv run python benchmarks/team.py virtual [--seeds 1,2,3] [--out FILE]
    uv run python benchmarks/team.py turns [--typists 4] [--out FILE]
    uv run python benchmarks/team.py direct
    uv run python benchmarks/team.py heal --data FOLDER [--tasks 200] [--out FILE]

The server is llama.cpp's own, from the xllamacpp wheel; engine, gate, log and ledger are the product's.
`type` plays the traces of replay.py in real time, for assist and for the llama.vim policy, on the same build.
`virtual` plays them on a virtual clock, at the speeds of a GPU and with a prefix cache of blocks. From what
they cost it computes how many developers a machine serves (`bench/team/capacity.py`). `turns` lets developers
ask in turns, and says what each read again. `direct` compares with the same server called directly. `heal`
compares exact match on HumanEval lines cut at random places: in the process, and over the server with each
way of healing. Run nothing else on the machine.
"""

import argparse
import asyncio
import json
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from assist_completion.engine.engine import Engine
from assist_completion.engine.served_tokens import ServedSource
from assist_completion.engine.server_first import ServerFirst
from assist_completion.inference.generation import FULL, TokenBudget
from assist_completion.inference.llama import Abort, Llama
from assist_completion.inference.worker import Worker
from assist_completion.model_store.store import resolve
from assist_completion.prompt.layout import plan
from assist_completion.settings import DEFAULT_MODEL, CompletionSettings
from assist_completion.suggestion import CompletionRequest, GhostTextEngine
from assist_context.documents import Context
from assist_context.languages import language_of
from assist_evaluation.proportions import wilson
from assist_evaluation.statistics import percentile
from assist_server.config.config import load_lenient
from assist_server.local_model.opening import open_engine, open_store
from bench.infilling.tasks import Task, load
from bench.peers.http_infill import InfillServer, start
from bench.peers.peers import POLICIES
from bench.peers.server_options import Options
from bench.progress import with_progress
from bench.provenance import provenance, write
from bench.team.capacity import SHARE, Demand, Machine, developers, waiting
from bench.team.serving import ServedPolicy, served_engine, team_config
from bench.team.virtual import PretendedServer, RequestSpeed, VirtualCompletions, VirtualInfill
from bench.typing import typist
from bench.typing.assist_policy import EnginePolicy, context_of
from bench.typing.figures import trace_figures
from bench.typing.policy import DocumentView
from bench.typing.screen import ReplayLog, Screen
from bench.typing.typist import STYLES, Trace, line_end
from bench.typing.virtual import VirtualClock, run_virtually, words_of

PATH = "solution.py"
SHARES = {"p50": 0.5, "p95": 0.95}
SETTLE = 0.3  # seconds
BATCH = 256  # tokens: what a cancelled request had read by then stays in the cache
# Examples, to be replaced by what a benchmark of one's own server says: totals over all its requests.
MACHINES = (
    Machine("20,000 read and 3,000 written tokens a second, 64 at once", 20_000, 3_000, 64),
    Machine("3,000 read and 700 written tokens a second, 16 at once", 3_000, 700, 16),
)


async def play(model: Path, seeds: Sequence[int]) -> dict[str, Any]:
    """Play traces over the server, one after the other. The figures count tokens as the server does."""
    logs, costs, totals = [], [], []
    for trace in typist.traces(STYLES["typing"], seeds, None):
        server = await start(Options(model, batch=BATCH, ubatch=BATCH), "wheel")
        try:
            with tempfile.TemporaryDirectory() as folder:
                make = await asyncio.to_thread(_workspace, Path(folder), [trace], server.port, model.stem)
                policy = ServedPolicy(make, _root_of(folder))
                logs.append(await Screen(policy, trace).play())
                costs += policy.costs
                totals.append(await server.totals())
        finally:
            await server.stop()
    hours = sum(log.seconds for log in logs) / 3600
    read = sum(each.evaluated for each in totals)
    demand = Demand(len(costs) / hours, read / hours, sum(each.generated for each in totals) / hours)
    return {
        "traces": [trace_figures(log) for log in logs],
        "uncached": {name: percentile([each[0] for each in costs], at) for name, at in SHARES.items()},
        "prompt": {name: percentile([each[1] for each in costs], at) for name, at in SHARES.items()},
        "costs": [(read, written) for read, _, written in costs],
        **asdict(demand),
    }


def play_virtually(model: Path, seeds: Sequence[int]) -> dict[str, Any]:
    """What an hour of typing costs under each policy, at the speeds of a GPU, on a virtual clock."""
    found: dict[str, Any] = {}
    for name in ("assist", "llama.vim policy"):
        logs, costs = [], []
        for trace in typist.traces(STYLES["typing"], seeds, None):
            target = (Path(sysconfig.get_paths()["stdlib"]) / trace.path).read_text(encoding="utf-8")
            words = words_of(model)
            try:
                log, server = run_virtually(partial(_play_one, name, words, target, trace))
            finally:
                words.close()
            logs.append(log)
            costs += server.costs
        hours = sum(log.seconds for log in logs) / 3600
        read, written = (sum(each[at] for each in costs) / hours for at in (0, 1))
        found[name] = {
            **asdict(Demand(len(costs) / hours, read, written)),
            "uncached": {share: percentile([each[0] for each in costs], at) for share, at in SHARES.items()},
            "kept": [log.kept for log in logs],
            "of": [log.wanted for log in logs],
            "costs": costs,
        }
    return {"policies": found, "share": SHARE, "capacity": capacity(*found.values())}


async def _play_one(
    name: str, words: Llama, target: str, trace: Trace, clock: VirtualClock
) -> tuple[ReplayLog, PretendedServer]:
    server = PretendedServer(words, target, clock, RequestSpeed())
    if name != "assist":

        async def begin() -> VirtualInfill:
            return VirtualInfill(server)

        return await Screen(POLICIES["llama.vim"][0](begin), trace).play(), server

    def make() -> Engine:
        def open_source(abort: Abort) -> ServedSource:
            return ServedSource(VirtualCompletions(server, clock, abort.is_set), TokenBudget(), abort)

        worker = Worker(open_source)
        worker.opened.result()
        clock.idle = worker.idle
        return Engine(worker, CompletionSettings(), TokenBudget(), "virtual", lambda: clock.now)

    return await Screen(EnginePolicy(make), trace).play(), server


async def take_turns(model: Path, typists: int, rounds: int = 12) -> dict[str, Any]:
    """Let developers ask in turns, each in another file. Return what each later request read.

    A developer whose slot went to another one would read the whole prompt again.
    """
    made = list(typist.traces(STYLES["typing"], range(1, typists + 1), None))
    slots = {"slots": typists, "context": 4096 * typists}
    server = await start(Options(model, batch=BATCH, ubatch=BATCH, **slots), "wheel")
    uncached: list[list[int]] = [[] for _ in made]
    try:
        with tempfile.TemporaryDirectory() as folder:
            make = await asyncio.to_thread(_workspace, Path(folder), made, server.port, model.stem)
            engines = [make() for _ in made]
            for turn in range(rounds):
                for own, engine, trace in zip(uncached, engines, made, strict=True):
                    visit = trace.visits[0]
                    end = line_end(trace.start, visit.line)
                    typed = visit.text[: 8 + 6 * turn]
                    view = DocumentView(trace.path, trace.start[:end] + typed, trace.start[end:])
                    context = context_of(view, _root_of(folder))
                    answer = await engine.complete(CompletionRequest(context, manual=True, immediate=True))
                    if answer.source == "model":
                        own.append(answer.tokens.evaluated)
            for engine in engines:
                engine.close()
    finally:
        await server.stop()
    later = [each for own in uncached for each in own[1:]]
    return {
        "typists": typists,
        "first": [own[0] for own in uncached],
        "later": {name: percentile(later, at) for name, at in SHARES.items()} | {"most": max(later)},
    }


async def _ask(engine: ServerFirst, context: Context) -> float:
    """Return the milliseconds from a request to its first text."""
    request = CompletionRequest(context, manual=True, max_lines=1, immediate=True)
    answer = await engine.complete(request)
    await asyncio.sleep(SETTLE)  # until the server has noticed that no more is wanted
    return answer.ms.total - answer.ms.decode


async def _call(server: InfillServer, context: Context) -> float:
    """Return the same for the same prompt without engine and gate."""
    laid = plan(context, FULL)
    text = f"<|fim_prefix|>{laid.head}<|fim_suffix|>{laid.suffix}<|fim_middle|>{laid.typed}"
    body = {"prompt": text, "n_predict": 2, "temperature": 0, "cache_prompt": True, "n_probs": 1}
    begun = time.perf_counter()
    first = 0.0
    async for _ in server.stream("/completion", body):  # to its end: the next request would wait for it
        first = first or time.perf_counter() - begun
    await asyncio.sleep(SETTLE)
    return 1e3 * first


async def compare_directly(model: Path, rounds: int = 60) -> dict[str, Any]:
    """Ask through engine and gate, then the server directly for the same prompt. Return times to first text.

    Both find the prompt in the server's cache, but for the typed words. In milliseconds.
    """
    (trace,) = typist.traces(STYLES["typing"], [1], None)
    server = await start(Options(model, batch=BATCH, ubatch=BATCH), "wheel")
    through: list[float] = []
    direct: list[float] = []
    try:
        with tempfile.TemporaryDirectory() as folder:
            make = await asyncio.to_thread(_workspace, Path(folder), [trace], server.port, model.stem)
            engine = make()
            end = line_end(trace.start, trace.visits[0].line)
            for number in range(rounds):
                for name, found in (("x", through), ("y", direct)):  # each reads its own few words
                    before = f"{trace.start[:end]}\n    {name}{number} = f("
                    view = DocumentView(trace.path, before, trace.start[end:])
                    context = context_of(view, _root_of(folder))
                    asked = _ask(engine, context) if found is through else _call(server, context)
                    found.append(await asked)
            engine.close()
    finally:
        await server.stop()
    warm = slice(5, None)  # the first requests read the whole prompt, and load libraries
    return {
        name: {share: round(percentile(each[warm], at), 1) for share, at in SHARES.items()}
        for name, each in (("through engine and gate", through), ("direct", direct))
    }


def _root_of(folder: str) -> str:
    """Return the workspace in a folder. The data is not in it: assist lets nothing leave from there."""
    return f"{folder}/space"


def _workspace(folder: Path, made: Sequence[Trace], port: int, name: str) -> Callable[[], ServerFirst]:
    """Write the traces' files into a folder. Return what makes an engine for it."""
    root = Path(_root_of(str(folder)))
    root.mkdir()
    for trace in made:
        (root / trace.path).write_text(trace.start, encoding="utf-8")
    config = team_config(folder / "data", f"http://127.0.0.1:{port}", name)
    return partial(served_engine, config, root)


async def play_peer(model: Path, seeds: Sequence[int]) -> dict[str, Any]:
    """Play the same traces with the llama.vim policy, one after the other, over the same build."""
    kind, options = POLICIES["llama.vim"]
    logs = []
    for trace in typist.traces(STYLES["typing"], seeds, None):
        policy = kind(partial(start, Options(model, **options), "wheel"))
        logs.append(await Screen(policy, trace).play())
    runs = sum(int(log.totals.extra.get("runs", 0)) for log in logs)
    return {"traces": [trace_figures(log) for log in logs], **asdict(_demand(runs, logs))}


def _demand(requests: int, logs: Sequence[Any]) -> Demand:
    """What an hour of typing costs, by what these traces did."""
    hours = sum(log.seconds for log in logs) / 3600
    read = sum(log.totals.evaluated for log in logs)
    return Demand(requests / hours, read / hours, sum(log.totals.generated for log in logs) / hours)


def capacity(ours: dict[str, Any], theirs: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the developers that a machine serves by the model, and their latency in a virtual run."""
    rows = []
    for machine in MACHINES:
        mine, other = (Demand(each["requests"], each["read"], each["written"]) for each in (ours, theirs))
        count = min(1000, int(developers(mine, machine)))
        took = waiting(ours["costs"], mine, machine, count)
        rows.append(
            {
                "machine": machine.name,
                "developers": round(developers(mine, machine)),
                "llama.vim policy": round(developers(other, machine), 1),
                "simulated": count,
                "p95 seconds": round(percentile(took, 0.95), 3),
            }
        )
    return rows


def fill(runner: asyncio.Runner, engine: GhostTextEngine, task: Task, root: Path) -> str:
    """Return the text that the engine would show for a cut line, whatever its score."""
    context = Context(PATH, language_of(PATH), task.before, task.after, named=str(root / PATH))
    request = CompletionRequest(context, manual=True, max_lines=1, immediate=True)
    return runner.run(engine.complete(request)).candidate.rstrip()


def heal(model: Path, data: Path, count: int) -> dict[str, Any]:
    """Return the exact match of the same tasks: in the process, and over the server by way of healing."""
    tasks = load(data, "single", count, 1, cut=True)
    found: dict[str, list[str]] = {}
    with asyncio.Runner() as runner, tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "space")
        root.mkdir()
        (root / PATH).write_text("", encoding="utf-8")
        local = open_engine(load_lenient()).engine
        found["in process"] = [fill(runner, local, each, root) for each in with_progress(tasks, "tasks", 20)]
        local.close()
        server = runner.run(start(Options(model), "wheel"))
        config = team_config(Path(folder, "data"), f"http://127.0.0.1:{server.port}", model.stem)
        try:
            for name, healed in (("grammar", True), ("cut and checked", False)):
                engine = served_engine(config, root, healed=healed)
                found[name] = [fill(runner, engine, each, root) for each in with_progress(tasks, "tasks", 20)]
                engine.close()
        finally:
            runner.run(server.stop())
    rows = {}
    for name, texts in found.items():
        right = sum(text == task.hole.rstrip() for text, task in zip(texts, tasks, strict=True))
        rows[name] = {"exact": round(right / len(tasks), 4), "interval": wilson(right, len(tasks))}
    return {"tasks": len(tasks), "rows": rows}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("type", "virtual", "turns", "direct", "heal"))
    parser.add_argument("--typists", type=int, default=4, help="who take turns on one server")
    parser.add_argument("--seeds", default="1", help="traces of each typist, as in 1,2")
    parser.add_argument("--data", type=Path, help="the folder of HumanEval's infilling tasks, for heal")
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    model = resolve(open_store(load_lenient()), DEFAULT_MODEL)
    header = provenance(model)
    if options.what == "heal":
        body = heal(model, options.data, options.tasks)
    elif options.what == "virtual":
        body = play_virtually(model, [int(each) for each in options.seeds.split(",")])
    elif options.what == "direct":
        body = asyncio.run(compare_directly(model))
    elif options.what == "turns":
        body = asyncio.run(take_turns(model, options.typists))
    else:
        seeds = [int(each) for each in options.seeds.split(",")]
        body = {
            "assist": asyncio.run(play(model, seeds)),
            "llama.vim policy": asyncio.run(play_peer(model, seeds)),
        }
    json.dump(body, sys.stdout, indent=1)
    if options.out:
        write(options.out, header, body)


if __name__ == "__main__":
    main()
