"""The options that both benchmark servers take, their command line, and the line they print when ready.

It loads neither build of llama.cpp, so that each process contains only its own.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Options:
    """llama-server's options with its own defaults, except `context` (default: the model's) and `threads`.

    `reuse` is --cache-reuse: the shortest chunk in tokens that is moved within the cache, 0 for none.
    """

    model: Path
    threads: int = 2
    context: int = 8192
    batch: int = 2048
    ubatch: int = 512
    reuse: int = 0
    slots: int = 1

    def flags(self) -> list[str]:
        """Return the command line that `parser` reads."""
        numbers = {
            "threads": self.threads,
            "context": self.context,
            "batch": self.batch,
            "ubatch": self.ubatch,
            "cache-reuse": self.reuse,
            "slots": self.slots,
        }
        pairs = [part for name, value in numbers.items() for part in (f"--{name}", str(value))]
        return ["--model", str(self.model), *pairs]


def parser(description: str) -> argparse.ArgumentParser:
    """Return a parser for the options and `--port` (0: any free port)."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--model", type=Path, required=True)
    made.add_argument("--threads", type=int, default=2)
    made.add_argument("--context", type=int, default=8192)
    made.add_argument("--batch", type=int, default=2048)
    made.add_argument("--ubatch", type=int, default=512)
    made.add_argument("--cache-reuse", type=int, default=0, dest="reuse")
    made.add_argument("--slots", type=int, default=1)
    made.add_argument("--port", type=int, default=0)
    return made


def options_of(known: argparse.Namespace) -> Options:
    return Options(
        known.model, known.threads, known.context, known.batch, known.ubatch, known.reuse, known.slots
    )


def announce(port: int, features: str) -> None:
    """Print the line that the benchmark waits for, then wait until standard input ends."""
    print(json.dumps({"port": port, "features": features.strip(" |\n")}), flush=True)
    sys.stdin.read()
