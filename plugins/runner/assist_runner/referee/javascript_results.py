"""What the runners of JavaScript say of each test: node's own (both of its forms), jest and vitest, in full.

The name of a test is that of its suites with it, and with its file where the runner says that. A suite is no
test, and one that is skipped neither passes nor fails. It reads output and runs nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

BETWEEN = " > "
_FILE = re.compile(r"^(?:PASS|FAIL)\s+(?P<name>\S+\.\w+)(?: \([\d.]+ m?s\))?$")  # jest
_SUITE = re.compile(r"^(?P<indent> *)(?:▶ |# Subtest: )(?P<name>.+?)(?: \([\d.]+ ?m?s\))?$")  # node
_TEST = re.compile(
    r"""^(?P<indent>\s*)(?:
      (?P<good>✓|✔|√|ok\ \d+\ -)
    | (?P<bad>✕|×|✖|not\ ok\ \d+\ -)
    )\ +(?P<name>.+?)
    (?P<skipped>\ \#\ (?:SKIP|TODO)\b.*)?
    (?:\s+\(?[\d.]+\ ?m?s\)?)?(?P<late>\ \#\ (?:SKIP|TODO)\b.*)?$""",
    re.VERBOSE,
)
_PLAIN = re.compile(r"^(?P<indent> {2,})(?P<name>[^\s●✓✕○✎].*)$")  # a suite of jest
_COUNTED = re.compile(r" \(\d+ tests?\b")  # a file of vitest
_END = re.compile(r"^(?:✖ failing tests:|Test Suites:|Tests:|\s*● |⎯)")  # what failed is told again below


@dataclass(slots=True)
class _Suites:
    """The suites around a line, by their indentation, and the deepest test since each of them began."""

    open: list[tuple[int, str]] = field(default_factory=list)
    deepest: int = -1

    def begin(self, indent: int, name: str) -> None:
        self.open = [(at, known) for at, known in self.open if at < indent]
        self.open.append((indent, name))

    def name_of(self, indent: int, name: str) -> str:
        return BETWEEN.join([*(known for at, known in self.open if at < indent), name])


def javascript_results(output: str) -> Iterator[tuple[str, bool]]:
    """The tests that an output names, and whether each of them passed."""
    suites = _Suites()
    in_jest = False
    for line in output.splitlines():
        if match := _FILE.match(line):
            in_jest = True
            suites.open = [(-1, match["name"])]
        elif _END.match(line):
            in_jest = False
            if line.startswith("✖"):
                return
        elif match := _SUITE.match(line):
            suites.begin(len(match["indent"]), match["name"])
        elif match := _TEST.match(line):
            yield from _result(match, suites)
        elif in_jest and (match := _PLAIN.match(line)):
            suites.begin(len(match["indent"]), match["name"])


def _result(match: re.Match[str], suites: _Suites) -> Iterator[tuple[str, bool]]:
    indent = len(match["indent"])
    is_suite = suites.deepest > indent and (indent, match["name"]) in suites.open
    suites.deepest = indent
    if not is_suite and not match["skipped"] and not match["late"] and not _COUNTED.search(match["name"]):
        yield suites.name_of(indent, match["name"]), bool(match["good"])
