"""How fast a model is by the processor and by a graphics device, and how soon either stops.

uv run python benchmarks/devices.py                    the device of this machine, if llama.cpp has a part
uv run python benchmarks/devices.py --model FILE.gguf

Nothing is remembered: each run measures. With Mesa's lavapipe, set GGML_VK_VISIBLE_DEVICES=0; a model of 0.5B
does not end there within a minute, the tiny one of the tests does.
"""

import argparse
import json
import statistics
import tempfile
import threading
import time
from dataclasses import asdict
from pathlib import Path

from assist_completion.inference.llama import Abort, Aborted, Llama, Load
from assist_completion.inference.speed_probe import measure_speeds
from assist_completion.inference.speed_trial import SIZES, Speed, SpeedTrial
from assist_completion.model_store.store import resolve
from assist_completion.settings import DEFAULT_MODEL, is_path
from assist_server.config.config import load_lenient
from assist_server.local_model.opening import open_store, use_libraries
from bench.provenance import provenance

TRIES = 25
FIRST = 0.02  # seconds until the flag is set, and how much later it is each time
LATER = 0.003


def stops(path: Path, speed: Speed) -> list[float]:
    """Milliseconds from the flag to the end of the call that reads a large prompt, sorted."""
    abort = Abort()
    llama = Llama(Load(path, 1024, 1, device=speed.device, slice=speed.slice), abort)
    tokens = (llama.tokenize("def area(width, height):\n    return width * height\n") * SIZES[1])[: SIZES[1]]
    llama.decode(0, tokens, 0)
    found = []
    set_at = 0.0

    def stop() -> None:
        nonlocal set_at
        set_at = time.perf_counter()
        abort.set()

    for number in range(TRIES):
        llama.truncate(0, 0)
        abort.clear()
        timer = threading.Timer(FIRST + LATER * number, stop)
        timer.start()
        try:
            llama.decode(0, tokens, 0)
        except Aborted:
            found.append(1e3 * (time.perf_counter() - set_at))
        timer.cancel()
        timer.join()
    llama.close()
    return sorted(found)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a name of `assist models list`, or a .gguf")
    options = parser.parse_args()
    config = load_lenient()
    use_libraries(config)
    path = Path(options.model) if is_path(options.model) else resolve(open_store(config), options.model)
    with tempfile.TemporaryDirectory() as folder:
        speeds = measure_speeds(SpeedTrial(str(path), 0), "auto", Path(folder) / "speed.json")
    rows = [speeds.processor, *([speeds.device] if speeds.device and not speeds.device.why else [])]
    print(json.dumps(provenance(path)))
    print(speeds.words or "There is no graphics device, or no part of llama.cpp for it.")
    for speed in rows:
        times = stops(path, speed)
        print(json.dumps(asdict(speed)))
        if times:
            median = statistics.median(times)
            print(
                f"stopped {len(times)} of {TRIES} times, median {median:.1f} ms, at most {times[-1]:.1f} ms"
            )


if __name__ == "__main__":
    main()
