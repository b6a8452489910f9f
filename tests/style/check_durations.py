"""Compare how long each test file took with what the reference machine recorded: python tests/style/check_durations.py

`tests/conftest.py` writes build/durations/SUITE.json at the end of a run; tests/durations.toml holds the record. This
machine's factor is the median of new to recorded among the files that take a second. `--write` records the last runs.
Of the editors' suite only the whole is compared: its files share two cores and a connection with one another, and a
file's time says more of its neighbours than of itself (of one commit: 225 and 456 s, with equal sums of all files).
"""

import json
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
RECORD = ROOT / "tests" / "durations.toml"
RUNS = ROOT / "build" / "durations"
MEASURABLE = 1.0  # seconds; below, a file says nothing about a machine
MOST = 2.0  # times what was recorded, on a machine of the same speed
SLACK = (
    60.0  # seconds more; two runs of one commit differed by 24 s in a file without a window on shared cores
)
AS_A_WHOLE = {"e2e"}  # suites

Seconds = Mapping[str, float]  # by file


def factor_of(taken: Seconds, recorded: Seconds) -> float:
    """How much slower this machine is than the one of the record; 1 if no file tells."""
    known = [taken[file] / recorded[file] for file in taken if recorded.get(file, 0.0) >= MEASURABLE]
    return median(known) if known else 1.0


def too_slow(taken: Seconds, recorded: Seconds) -> Iterator[str]:
    """A sentence for each file that became slow. One without a record may take as long as any slack."""
    return slower_than_usual(taken, recorded, factor_of(taken, recorded))


def slower_than_usual(taken: Seconds, recorded: Seconds, factor: float) -> Iterator[str]:
    """A sentence for each file that became slow, on a machine that is slower by the factor."""
    for file, seconds in sorted(taken.items()):
        usual = recorded.get(file, 0.0) * factor
        if seconds > MOST * usual and seconds > usual + SLACK:
            yield (
                f"{file} took {seconds:.1f} s, and {usual:.1f} s are usual here: make it faster, or record it "
                "with `python tests/style/check_durations.py --write` if it has to take as long."
            )


def as_a_whole(suite: str, seconds: Seconds) -> Seconds:
    """The suite as one file."""
    return {f"make {suite}": sum(seconds.values())}


def as_toml(suites: Mapping[str, Seconds]) -> str:
    """The record of all suites."""
    lines = [
        "# Seconds of each test file on the reference machine: tests/style/check_durations.py writes this."
    ]
    for suite, files in sorted(suites.items()):
        lines += ["", f"[{suite}]", *(f'"{file}" = {seconds:.1f}' for file, seconds in sorted(files.items()))]
    return "\n".join(lines) + "\n"


def main(arguments: list[str], record: Path = RECORD, runs: Path = RUNS) -> int:
    """Compare or record the last run of each suite; the exit code."""
    taken = {file.stem: json.loads(file.read_text("utf-8")) for file in sorted(runs.glob("*.json"))}
    recorded = tomllib.loads(record.read_text("utf-8")) if record.exists() else {}
    if "--write" in arguments:
        record.write_text(as_toml({**recorded, **taken}), "utf-8")
        return 0
    found = [f"No run of make {suite} is in {runs}: run it." for suite in recorded if suite not in taken]
    for suite in sorted(recorded.keys() & taken.keys()):
        pair = taken[suite], recorded[suite]
        if suite in AS_A_WHOLE:
            # No factor: with one figure, it would excuse any slowness as the machine's.
            found += slower_than_usual(as_a_whole(suite, pair[0]), as_a_whole(suite, pair[1]), factor=1.0)
        else:
            found += too_slow(*pair)
    sys.stdout.write("".join(f"{line}\n" for line in found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
