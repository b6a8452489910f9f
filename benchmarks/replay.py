"""Replay: the same typing, key by key, with this project's engine and with the policy of another tool.

    uv run python benchmarks/replay.py [--policy NAME]... [--style typing|jumping]... [--seeds 1,2,3]
    uv run python benchmarks/replay.py --virtual          the engine alone, real model, virtual clock
    uv run python benchmarks/replay.py --fast             the same without a model: seconds, for CI
    uv run python benchmarks/replay.py --out benchmarks/results/replay.json

The policies are assist, and that of llama.vim over our own build of llama.cpp. A name with `:wheel` at the
end uses the server of the xllamacpp wheel instead (`uv sync`). All
policies use the same model file and at most the same two threads. (assist writes with the fewest threads that
its probe finds nearly as fast: here one.) They run one after the other, on the same traces, in the same run.
A policy is when a tool asks, with which prompt, and what it shows. The policy of llama.vim is
written again from its sources (see `bench.peers`).

Traces come from the standard library of the running Python, or from `--files FOLDER`. Each visit removes
lines from a file and types them in again (see `bench.typing.typist`). Jumping traces move the cursor to a new
place about every tenth key. `bench.typing.figures` defines the figures. Run nothing else on the machine.
"""

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import floor
from assist_completion.inference.speed_trial import Speed
from assist_completion.model_store.store import resolve
from assist_completion.settings import DEFAULT_MODEL, CompletionSettings, is_path
from assist_server.config.config import load_lenient
from assist_server.local_model.opening import open_store, speed_file
from bench.peers.peers import POLICIES, peer
from bench.provenance import provenance, write
from bench.typing import typist
from bench.typing.assist_policy import EnginePolicy, LspPolicy
from bench.typing.figures import table
from bench.typing.policy import Policy
from bench.typing.report import OURS, ReplayReport
from bench.typing.screen import ReplayLog, Screen
from bench.typing.typist import STYLES, Trace, sources
from bench.typing.virtual import (
    DEVICE,
    SPEED,
    VirtualClock,
    pretended_engine,
    run_virtually,
    timed_engine,
    words_of,
)

NAMES = {name.replace(" ", "-"): name for name in POLICIES}


def traces(style: str, seeds: Sequence[int], folder: Path | None) -> list[Trace]:
    """Return the traces of a style, given its name. Exits with a message if no file fits."""
    try:
        return [*typist.traces(STYLES[style], seeds, folder)]
    except ValueError as error:
        sys.exit(f"replay.py: {error}")


def full_text(trace: Trace, folder: Path | None) -> str:
    """Return the full text of a trace's file: what the pretended model knows."""
    files = {path.name: path for style in STYLES.values() for path in sources(folder, style)}
    return files[trace.path].read_text(encoding="utf-8")


def real_policy(name: str, model: Path, folder: Path, threads: int) -> Policy:
    """Return the policy with this name on the command line."""
    if name == OURS:
        return LspPolicy(_environ(model, folder))
    short, _, build = name.partition(":")
    return peer(NAMES[short], model, build or "own", threads)


def _environ(model: Path, folder: Path) -> dict[str, str]:
    """Give the server under test its own settings and data. It keeps the measured speed of this machine."""
    config, data = folder / "config", folder / "data"
    for each in (config, data):
        each.mkdir(exist_ok=True)
    (config / "config.toml").write_text(f"[completion]\nmodel = {json.dumps(str(model))}\n", encoding="utf-8")
    known = speed_file(load_lenient())
    if known.exists() and not (data / known.name).exists():
        shutil.copy(known, data)
    return {"ASSIST_CONFIG_DIR": str(config), "ASSIST_DATA_DIR": str(data), "ASSIST_OFFLINE": "1"}


def play_virtually(trace: Trace, model: Path, known: str | None, speed: Speed = SPEED) -> ReplayLog:
    """Play one trace on a virtual clock: with `known` text on a pretended model, else on the real one."""
    words = words_of(model) if known is not None else None

    def make(clock: VirtualClock) -> Any:
        def engine() -> Any:
            if words is None or known is None:
                return timed_engine(model, clock, CompletionSettings())
            return pretended_engine(words, known, clock, CompletionSettings())

        return Screen(EnginePolicy(engine), trace).play()

    try:
        return run_virtually(make, speed)
    finally:
        if words is not None:
            words.close()


async def replay(options: argparse.Namespace, model: Path, report: ReplayReport, least: floor.Floor) -> None:
    """Play every trace with every policy, in real time."""
    with tempfile.TemporaryDirectory() as folder:
        for style in options.style:
            for trace in traces(style, options.seeds, options.files):
                for name in options.policy:
                    policy = real_policy(name, model, Path(folder), options.threads)
                    report.add(await Screen(policy, trace).play(), trace)
                    if isinstance(policy, LspPolicy):
                        report.over += floor.ratios_over_floor(least, policy.costs.values())


def main() -> None:
    options = arguments()
    config = load_lenient()
    model = Path(options.model) if is_path(options.model) else resolve(open_store(config), options.model)
    report = ReplayReport()
    extra = {}
    header = provenance(model)
    if options.append and options.out.exists():
        report.load(options.out)
    speed = DEVICE if options.device else SPEED
    if options.fast or options.virtual:
        for style in options.style:
            for trace in traces(style, options.seeds, options.files):
                known = full_text(trace, options.files) if options.fast else None
                report.add(play_virtually(trace, model, known, speed), trace)
        extra = {"speed": {"prefill": speed.prefill, "decode": speed.decode, "slice": speed.slice}}
    else:
        least = floor.measure(model, options.threads, 1)
        extra = {"floor": floor.floor_figures(least)}
        asyncio.run(replay(options, model, report, least))
    body = {**extra, **report.body()}
    if options.out:
        write(options.out, header, body)
    if options.json:
        json.dump(
            {key: value for key, value in body.items() if key not in {"series", "over floor"}}, sys.stdout
        )
        return
    for style, by_policy in body["medians"].items():
        print(f"\n{style}, medians of {len(options.seeds)} traces\n\n{table(by_policy)}")
    print(f"\nllama.vim policy / assist: {body['ratios']}\ntime over floor: {body['time over floor']}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = [OURS, *(f"{name}{build}" for build in ("", ":wheel") for name in NAMES)]
    parser.add_argument(
        "--policy", action="append", choices=names, help="repeatable; default: all, our own build"
    )
    parser.add_argument("--style", action="append", choices=[*STYLES], help="repeatable; default: both")
    parser.add_argument(
        "--seeds",
        type=lambda text: [int(each) for each in text.split(",")],
        default=[1, 2, 3],
        help="one trace per seed and style; default: 1,2,3",
    )
    parser.add_argument("--files", type=Path, help="a folder with Python files to type from")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a name of `assist models list`, or a .gguf")
    parser.add_argument("--threads", type=int, default=2, help="threads of every server except assist's")
    parser.add_argument("--virtual", action="store_true", help="virtual clock, real model, assist only")
    parser.add_argument("--fast", action="store_true", help="virtual clock, pretended model, assist only")
    parser.add_argument("--device", action="store_true", help="virtual clock: as fast as a graphics device")
    parser.add_argument("--out", type=Path, help="write results and their provenance here")
    parser.add_argument(
        "--append", action="store_true", help="keep results of other policies and traces in --out"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args()
    if options.append and options.out is None:
        parser.error("--append needs --out")
    options.policy = options.policy or [OURS, *NAMES]
    options.style = options.style or [*STYLES]
    return options


if __name__ == "__main__":
    main()
