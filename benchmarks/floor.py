"""The latency floor: how long bare llama.cpp calls take here, and an answer's time relative to that.

    uv run python benchmarks/floor.py [--model NAME_OR_PATH] [--threads 2] [--json]
        [--library native|fetched|prebuilt | --compare] [--device vulkan|cuda|metal]

Times one decode call for batches of 1 to 512 tokens after a prompt of 1,000, with the given number of
threads. A prompt of two tokens costs as much as one generated token, because the weights are read once either
way. So the floor of an answer is one batch with its re-evaluated tokens, plus one call for each token after
the first. `replay.py` reports the time of each shown answer relative to this floor.

`--compare` measures each llama.cpp on this machine, one after the other, by the processor and by the device
that it has a part for. It says for how many prompts each writes the same text as the first. This module does
not know the engine.
"""

import argparse
import ast
import ctypes
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from assist_completion.inference.devices import KINDS, open_device
from assist_completion.inference.libllama import LogCallback
from assist_completion.inference.libraries import (
    REMEDIES,
    library,
    library_in_use,
    library_sources,
    part_file,
    use,
)
from assist_completion.inference.llama import Abort, Llama, Load
from assist_completion.inference.physical_cores import physical_cores
from assist_completion.model_store.store import resolve
from assist_completion.settings import DEFAULT_MODEL, is_path
from assist_server.config.config import load_lenient
from assist_server.local_model.opening import open_store, use_libraries
from bench.provenance import provenance

ALL_LAYERS = 999
SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
PROMPT_TOKENS = 1_000  # tokens before the batch: as many as a full prompt head
GREEDY_PROMPTS = 200  # to compare what libraries write: beginnings of functions of Python's standard library
GREEDY_TOKENS = 24
REPEATS = 7  # calls for each size; the median counts


@dataclass(frozen=True, slots=True)
class Floor:
    """Seconds of one decode call by batch size, and of one more token with the engine's decode threads."""

    batches: Mapping[int, float]
    token: float

    def batch(self, tokens: int) -> float:
        """Return the seconds to evaluate this many tokens, interpolated between the measured sizes."""
        done, rest = divmod(tokens, SIZES[-1])
        time_of = {0: 0.0, **self.batches}
        low = max(size for size in time_of if size <= rest)
        high = min((size for size in time_of if size >= rest), default=low)
        share = (rest - low) / (high - low) if high > low else 0.0
        return done * time_of[SIZES[-1]] + time_of[low] + share * (time_of[high] - time_of[low])

    def answer(self, evaluated: int, generated: int) -> float:
        """Return the least seconds of an answer: its prompt in one batch, then each token after the first."""
        return self.batch(evaluated) + max(0, generated - 1) * self.token


def measure(path: Path, threads: int, decode_threads: int, device: str = "") -> Floor:
    """Time bare calls; takes about ten seconds with a 0.5B model on two cores.

    `device` is a kind that the library has a part for, or "" for the processor. Raises `DeviceError`.
    """
    api = library()
    api.llama_log_set(_silent, ctypes.c_void_p(0))
    api.llama_backend_init()
    chosen = api.llama_model_default_params()
    devices = (ctypes.c_void_p * 2)(*([open_device(device).address] if device else []))
    chosen.devices = ctypes.cast(devices, ctypes.c_void_p)
    chosen.n_gpu_layers = ALL_LAYERS if device else 0
    model = api.llama_model_load_from_file(os.fsencode(path), chosen)
    params = api.llama_context_default_params()
    params.n_ctx = PROMPT_TOKENS + 1024
    params.n_batch = SIZES[-1]
    params.n_ubatch = SIZES[-1]
    context = api.llama_init_from_model(model, params)
    batch = api.llama_batch_init(SIZES[-1], 0, 1)
    try:
        api.llama_set_n_threads(context, threads, threads)
        _decode(context, batch, SIZES[-1], 0)
        _decode(context, batch, PROMPT_TOKENS - SIZES[-1], SIZES[-1])
        batches = {size: _time_decode(context, batch, size) for size in SIZES}
        api.llama_set_n_threads(context, decode_threads, threads)
        return Floor(batches, _time_decode(context, batch, 1))
    finally:
        api.llama_batch_free(batch)
        api.llama_free(context)
        api.llama_model_free(model)


def _time_decode(context: Any, batch: Any, size: int) -> float:
    took = []
    for _ in range(REPEATS if size <= 64 else 2):
        start = time.perf_counter()
        _decode(context, batch, size, PROMPT_TOKENS)
        took.append(time.perf_counter() - start)
        library().llama_memory_seq_rm(library().llama_get_memory(context), 0, PROMPT_TOKENS, -1)
    return median(took)


def _decode(context: Any, batch: Any, size: int, position: int) -> None:
    """Make one decode call. Its time does not depend on which tokens it gets."""
    batch.n_tokens = size
    for i in range(size):
        batch.token[i] = (position + i) * 7 % 250  # the smallest vocabulary has 262
        batch.pos[i] = position + i
        batch.n_seq_id[i] = 1
        batch.seq_id[i][0] = 0
        batch.logits[i] = i == size - 1
    if library().llama_decode(context, batch) != 0:
        raise RuntimeError(f"llama_decode refused {size} tokens at {position}")
    library().llama_synchronize(context)


@LogCallback  # type: ignore[untyped-decorator]
def _silent(_level: int, _text: bytes, _user: ctypes.c_void_p) -> None:
    """Drop llama.cpp's log messages: they are not part of the result."""


@dataclass(frozen=True, slots=True)
class GreedyText:
    """The likeliest continuation of a prompt: its tokens, and how far the second best logit is from each."""

    tokens: list[int]
    margins: list[float]


def greedy_prompts(count: int = GREEDY_PROMPTS) -> list[str]:
    """Return the first five lines of functions of the standard library, evenly drawn from its modules."""
    found: list[str] = []
    for path in sorted(Path(os.__file__).parent.glob("*.py")):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        nodes = ast.walk(ast.parse("".join(lines)))
        defined = (node for node in nodes if isinstance(node, ast.FunctionDef) and len(node.body) > 2)
        found += ("".join(lines[node.lineno - 1 :][:5]) for node in defined)
    return found[:: max(1, len(found) // count)][:count]


def greedy_texts(path: Path, threads: int, device: str = "") -> list[GreedyText]:
    """Continue each prompt with the likeliest tokens."""
    load = Load(path, context=512, sequences=1, threads=threads, decode_threads=1, device=device)
    llama = Llama(load, Abort())
    texts = []
    for prompt in greedy_prompts():
        tokens = llama.tokenize(prompt)
        llama.truncate(0, 0)
        logits = llama.decode(0, tokens, 0)
        text = GreedyText([], [])
        while len(text.tokens) < GREEDY_TOKENS:
            second, best = np.sort(np.partition(logits, -2)[-2:])
            text.tokens.append(int(logits.argmax()))
            text.margins.append(round(float(best - second), 4))
            logits = llama.decode(0, text.tokens[-1:], len(tokens) + len(text.tokens) - 1)
        texts.append(text)
    llama.close()
    return texts


def first_differences(first: Sequence[GreedyText], other: Sequence[GreedyText]) -> list[float]:
    """Return, for each text that differs, how far the first library's two best tokens were apart there.

    >>> first_differences([GreedyText([1, 2], [3.0, 0.1])], [GreedyText([1, 5], [3.0, 0.2])])
    [0.1]
    """
    margins = []
    for text, changed in zip(first, other, strict=True):
        pairs = zip(text.tokens, changed.tokens, text.margins, strict=True)
        margins += [margin for one, two, margin in pairs if one != two][:1]
    return margins


def choose_library(origin: str) -> None:
    """Use the library of this origin. Exits if it is not there."""
    use_libraries(load_lenient())
    found = [source for source in library_sources() if source.origin == origin]
    if not found:
        sys.exit(f"floor.py: no {origin} llama.cpp is here")
    use(replace(found[0], origin="named"))


def compare(path: Path, threads: int) -> None:
    """Print a row for each library and for each of its devices, each measured in a process of its own."""
    use_libraries(load_lenient())
    print("| library | reads, 64 at once | reads, 512 | writes on one thread | same texts |")
    print("|---|---|---|---|---|")
    first: list[GreedyText] = []
    sources = library_sources()
    parts = [
        (source, kind) for source in sources for kind in ("", *KINDS) if not kind or part_file(source, kind)
    ]
    for source, kind in parts:
        words = [
            "--model",
            str(path),
            "--threads",
            str(threads),
            "--library",
            source.origin,
            "--device",
            kind,
        ]
        command = [sys.executable, __file__, *words, "--json", "--texts"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        if kind and done.returncode:  # no device, or no driver for it
            continue
        done.check_returncode()
        found = json.loads(done.stdout)
        texts = [GreedyText(**text) for text in found["texts"]]
        first = first or texts
        apart = first_differences(first, texts)
        same = f"{len(first) - len(apart)} of {len(first)}"
        if apart:
            usual = median(margin for text in first for margin in text.margins)
            same += (
                f"; the others differ where two tokens are at most {max(apart)} apart (usually {usual:.1f})"
            )
        speeds = [1e3 * size / found["batch ms"][str(size)] for size in (64, 512)]
        reads = " | ".join(f"{speed:.0f} tokens/s" for speed in speeds)
        name = f"{source.origin}: {found['provenance']['llama.cpp']['build']}"
        if variant := found["provenance"]["llama.cpp"]["variant"]:
            name += f", {variant}"
        name += f", on {found['device']} ({kind})" if kind else ""
        writes = f"{1e3 / found['token ms']:.1f} tokens/s"
        print(f"| {name} | {reads} | {writes} | {same} |", flush=True)


def ratios_over_floor(floor: Floor, costs: Iterable[Mapping[str, Any]]) -> list[float]:
    """Return total time / floor for each shown answer that needed the model (costs: `assist.answers`)."""
    ratios = []
    for cost in costs:
        tokens = cost["tokens"]
        least = floor.answer(tokens["evaluated"], tokens["generated"])
        if cost["shown"] and cost["source"] == "model" and least > 0:
            ratios.append(cost["ms"]["total"] / 1e3 / least)
    return ratios


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--threads", type=int, default=physical_cores(), help="default: all physical cores")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--texts", action="store_true", help="with --json: what is written for many prompts too"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--library", choices=list(REMEDIES), help="default: the one that assist uses here")
    which.add_argument(
        "--compare", action="store_true", help="a row for each library on this machine, and for its device"
    )
    parser.add_argument("--device", choices=["", *KINDS], default="", help="default: the processor")
    options = parser.parse_args()
    path = (
        Path(options.model) if is_path(options.model) else resolve(open_store(load_lenient()), options.model)
    )
    if options.compare:
        compare(path, options.threads)
        return
    use_libraries(load_lenient())
    if options.library:
        choose_library(options.library)
    floor = measure(path, options.threads, 1, options.device)
    device = open_device(options.device).description if options.device else ""
    if options.json:
        written = greedy_texts(path, options.threads, options.device) if options.texts else []
        facts = {"provenance": provenance(path), "device": device, **floor_figures(floor)}
        print(json.dumps({**facts, "texts": [asdict(text) for text in written]}))
        return
    print(f"{library_in_use().words}{f' on {device}' if device else ''}\n")
    print("| tokens in one call | ms | tokens a second |\n|---|---|---|")
    for size, took in floor.batches.items():
        print(f"| {size} | {1e3 * took:.1f} | {size / took:.0f} |")
    print(f"\nOne token on one thread: {1e3 * floor.token:.1f} ms")


def floor_figures(floor: Floor) -> dict[str, Any]:
    """Return the floor in ms, for results files."""
    return {
        "batch ms": {str(size): round(1e3 * took, 2) for size, took in floor.batches.items()},
        "token ms": round(1e3 * floor.token, 2),
    }


if __name__ == "__main__":
    main()
