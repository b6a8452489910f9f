"""What typing costs with a model on a device or on the processor, on the virtual clock: a program that prints JSON."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from assist_completion.settings import CompletionSettings
from bench.typing.assist_policy import EnginePolicy
from bench.typing.figures import trace_figures
from bench.typing.screen import Screen
from bench.typing.typist import TYPING, make_trace
from bench.typing.virtual import SPEED, VirtualClock, run_virtually, timed_engine

TEXT = "".join(f"def area_{n}(width, height):\n    return width * height + {n}\n\n\n" for n in range(40))


def figures(model: Path, device: str, folder: Path) -> dict[str, Any]:
    file = folder / "areas.py"
    file.write_text(TEXT)
    trace = make_trace(file, replace(TYPING, lines=2, least=2, file_lines=(100, 200)), 1)

    def make(clock: VirtualClock) -> Any:
        return Screen(
            EnginePolicy(lambda: timed_engine(model, clock, CompletionSettings(), device)), trace
        ).play()

    return trace_figures(run_virtually(make, replace(SPEED, slice=16)))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(figures(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))))
