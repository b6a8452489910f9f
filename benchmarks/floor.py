"""The latency floor: what bare llama.cpp calls take here, and an answer's time over it.

    uv run python benchmarks/floor.py [--model NAME_OR_PATH] [--threads 2] [--json]

Times one decode call for batches of 1 to 512 tokens behind a prompt of 1,000, on the threads named. A prompt
of two tokens costs as much as one token written, since the weights are read once either way: so the floor of
an answer is one batch with its re-evaluated tokens, and one call for each token after the first.
`replay` states each shown answer's time over this floor. It knows no engine.
"""

import argparse
import ctypes
import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from assist_completion.inference.llama import api, physical_cores
from assist_completion.model_store.store import resolve
from assist_completion.settings import DEFAULT_MODEL, is_path
from assist_server.config.config import load_lenient
from assist_server.local_model.opening import store_of
from bench.provenance import provenance

SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
PROMPT_TOKENS = 1_000  # tokens of prompt: what a full head holds
REPEATS = 7  # of each size; the median counts


@dataclass(frozen=True, slots=True)
class Floor:
    """Seconds of one decode call by batch size, and of one more token with the engine's decode threads."""

    batches: Mapping[int, float]
    token: float

    def batch(self, tokens: int) -> float:
        """Seconds to evaluate so many tokens: measured sizes, and straight lines between them."""
        done, rest = divmod(tokens, SIZES[-1])
        time_of = {0: 0.0, **self.batches}
        low = max(size for size in time_of if size <= rest)
        high = min((size for size in time_of if size >= rest), default=low)
        share = (rest - low) / (high - low) if high > low else 0.0
        return done * time_of[SIZES[-1]] + time_of[low] + share * (time_of[high] - time_of[low])

    def answer(self, evaluated: int, generated: int) -> float:
        """Seconds that an answer takes at least: its prompt in one batch, then each token after the first."""
        return self.batch(evaluated) + max(0, generated - 1) * self.token


def measure(path: Path, threads: int, decode_threads: int) -> Floor:
    """Time bare calls; about ten seconds with a 0.5B model on two cores."""
    api.llama_log_set(_silent, ctypes.c_void_p(0))
    api.llama_backend_init()
    model = api.llama_model_load_from_file(os.fsencode(path), api.llama_model_default_params())
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
        api.llama_memory_seq_rm(api.llama_get_memory(context), 0, PROMPT_TOKENS, -1)
    return median(took)


def _decode(context: Any, batch: Any, size: int, position: int) -> None:
    """One call; which tokens they are does not matter to its time."""
    batch.n_tokens = size
    for i in range(size):
        batch.token[i], batch.pos[i] = 1_000 + (position + i) * 7 % 5_000, position + i
        batch.n_seq_id[i], batch.seq_id[i][0] = 1, 0
        batch.logits[i] = i == size - 1
    if api.llama_decode(context, batch) != 0:
        raise RuntimeError(f"llama_decode refused {size} tokens at {position}")
    api.llama_synchronize(context)


@api.llama_log_callback  # type: ignore[untyped-decorator]
def _silent(_level: int, _text: bytes, _user: ctypes.c_void_p) -> None:
    """llama.cpp's own log is not a result."""


def ratios_over_floor(floor: Floor, costs: Iterable[Mapping[str, Any]]) -> list[float]:
    """Total time over the floor, for each shown answer that needed the model (costs: `assist.answers`)."""
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
    parser.add_argument("--threads", type=int, default=physical_cores())
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    path = Path(options.model) if is_path(options.model) else resolve(store_of(load_lenient()), options.model)
    floor = measure(path, options.threads, 1)
    if options.json:
        print(json.dumps({"provenance": provenance(path), **floor_figures(floor)}))
        return
    print("| tokens in one call | ms | tokens a second |\n|---|---|---|")
    for size, took in floor.batches.items():
        print(f"| {size} | {1e3 * took:.1f} | {size / took:.0f} |")
    print(f"\nOne token on one thread: {1e3 * floor.token:.1f} ms")


def floor_figures(floor: Floor) -> dict[str, Any]:
    """The floor in ms, for results files."""
    return {
        "batch ms": {str(size): round(1e3 * took, 2) for size, took in floor.batches.items()},
        "token ms": round(1e3 * floor.token, 2),
    }


if __name__ == "__main__":
    main()
