"""Runs every detector over every form of a text, window by window, to find which characters are secret.

This module changes no text. It raises if it cannot finish in time.
"""

import re
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import PurePosixPath

from assist_escalation.prompts import PLACEHOLDER, HiddenPart
from assist_escalation.redaction.detectors.assignments import find_assignments, find_long_values
from assist_escalation.redaction.detectors.phrases import find_phrases
from assist_escalation.redaction.detectors.private_keys import find_key_lines, find_keys, public_parts
from assist_escalation.redaction.detectors.tables import find_in_tables
from assist_escalation.redaction.detectors.token_formats import find_formats, find_lone_tokens
from assist_escalation.redaction.findings import Check, Finding, TextKind
from assist_escalation.redaction.known_secrets import Known, Patterns, find_known, find_patterns
from assist_escalation.redaction.normalization import text_forms
from assist_escalation.redaction.rule_tables import read_words

_WINDOW = 4096  # characters that an expression sees at a time, which limits the cost of the worst text
_OVERLAP = 512  # characters of the window before, so that a secret at an edge is whole in one of the two
_NAME = 100  # characters before a token that may name it
_RUN = re.compile(r"[\w+/=.-]")
_LAST_RUN = re.compile(r"(?<![\w+/=.-])[\w+/=.-]++\Z")
_CODE, _DATA = read_words(__package__, "file_kinds.toml", "code", "data")
_CODE_LINE = re.compile(
    r"""
    (?:
        # Python
        (?:async[ ])?def[ ]\w
      | class[ ]\w
      | import[ ]\w
      | from[ ]\w[\w.]*[ ]import
      | if[ ].*[:{]$|elif[ ]|else:|for[ ].*[:{]$|while[ ].*[:{]$
      | return\b
        # C
      | [#]include|[#]define
        # Go, Java, C#, Rust, JavaScript
      | package[ ]\w
      | public[ ]|private[ ]|protected[ ]
      | func[ ]|fn[ ]|function\b
      | let[ ]|const[ ]|var[ ]|use[ ]|struct[ ]
      | try[:{ ]|except[ ]|catch|raise[ ]|throw[ ]|yield[ ]
      | @\w+$                                 # a decorator
      | \}
      | static[ ]|void[ ]|int[ ]|char[ ]
      | export[ ](?:default|const|function)
      | \w[\w.]*\(.*\)[;:{]?$                 # a call, or the head of a function
      | .*[;{]$                               # any line that ends as a statement or a block does
    )
    """,
    re.VERBOSE,
)
_HEAD = 400  # lines that are read, 120 characters of each, to distinguish code from data


@dataclass(frozen=True, slots=True)
class Secret:
    """Characters `start` to `end` of an original text, which are a secret or a part of one."""

    start: int
    end: int
    type: str


@dataclass(frozen=True, slots=True)
class Sought:
    """Additional secrets to search for."""

    known: Known
    patterns: Patterns


def classify(path: str, text: str) -> TextKind:
    """Return whether words without quotes in `text` are variables or values, by the file's name or its lines.

    >>> classify("app/settings.yaml", ""), classify("", "def f():\\n    return 1\\n")
    ('data', 'code')
    """
    name = PurePosixPath(path).name.lower()
    suffix = PurePosixPath(name).suffix
    if suffix in _CODE:
        return "code"
    if suffix in _DATA or name.startswith((".env", "dockerfile", "docker-compose", ".")):
        return "data"
    lines = [line.strip()[:120] for line in text[: _HEAD * 120].split("\n", _HEAD)]
    code = sum(1 for line in lines if _CODE_LINE.match(line))
    return "code" if code >= 2 and code * 5 > len(lines) else "unknown"


def scan(
    text: str, kind: TextKind, sought: Sought, check: Check, hidden: Sequence[HiddenPart] = ()
) -> list[Secret]:
    """The secret characters of `text`, in order, without overlap, line ends and placeholders.

    `hidden` are characters of the text that are known to be secret.
    """
    spans: list[tuple[int, int, str]] = list(hidden)
    for form in text_forms(text, check):
        for finding in _find_all(form.text, kind, sought, check):
            spans.extend((start, end, finding.type) for start, end in form.origin(finding.start, finding.end))
    return list(_disjoint(text, spans))


def union(secrets: Sequence[Secret]) -> list[Secret]:
    """The same characters, as secrets that do not overlap, in order."""
    spans: list[Secret] = []
    for secret in sorted(secrets, key=lambda secret: (secret.start, -secret.end)):
        if spans and secret.start < spans[-1].end:
            spans[-1] = replace(spans[-1], end=max(spans[-1].end, secret.end))
        elif secret.end > secret.start:
            spans.append(secret)
    return spans


def _find_all(text: str, kind: TextKind, sought: Sought, check: Check) -> Iterator[Finding]:
    # Keys of many lines, tables with many rows and long values are looked for in the whole text, in time that
    # grows with its length.
    # All else is looked for window by window. In a text of 6,000 characters without line ends, the windows
    # are 0 to 4096 and 3584 to 6000. A token at 4080 to 4120 is cut by the end of the first: what is found of
    # it there is dropped, since the second window has the whole of it.
    yield from find_known(text, sought.known, check)
    yield from find_keys(text, check)
    public = public_parts(text, check)
    others = (
        find_in_tables(text, check, code=kind == "code"),
        find_key_lines(text, check),
        find_long_values(text, check),
        _find_in_windows(text, kind, sought, check),
    )
    for finding in chain.from_iterable(others):
        # What names a public part of a key knows no keys: `keys = [{"kid": "...", "n": "..."}]`.
        place = bisect_left(public, (finding.start + 1,)) - 1
        if finding.type == "CUSTOM" or place < 0 or finding.end > public[place][1]:
            yield finding


def _find_in_windows(text: str, kind: TextKind, sought: Sought, check: Check) -> Iterator[Finding]:
    patterns = sought.patterns.find_in_text(text)
    for start, end in _windows(text):
        check()
        window = text[start:end]
        cut = end < len(text) and text[end - 1] != "\n"
        for finder in (
            find_formats(window), find_assignments(window, kind), find_phrases(window),
            find_lone_tokens(window), find_patterns(window, patterns),
        ):  # fmt: skip
            for finding in finder:
                # A finding that the window's end cuts is whole in the next window, unless it is too long.
                if not cut or finding.end < len(window) or finding.end - finding.start > _OVERLAP // 2:
                    yield Finding(start + finding.start, start + finding.end, finding.type)


def _windows(text: str) -> Iterator[tuple[int, int]]:
    """Overlapping windows of at most about `_WINDOW` characters, cut at line ends if there are any."""
    start = 0
    while True:
        end = min(len(text), start + _WINDOW)
        if end < len(text):
            cut = text.rfind("\n", start + _WINDOW // 2, end) + 1
            end = cut or end
        yield start, end
        if end >= len(text):
            return
        back = text.find("\n", end - _OVERLAP, end - 1) + 1
        start = back or min(end - _OVERLAP, _start_of_run(text, start, end))


def _start_of_run(text: str, start: int, end: int) -> int:
    """Find where the run of a token's characters begins that a window's end cuts, with room for its name.

    A run over half of a window is left to `find_long_values`, so that windows overlap by half at most.
    """
    run = _LAST_RUN.search(text, start, end) if _RUN.match(text, end) else None
    return run.start() - _NAME if run and run.start() - _NAME > start + _WINDOW // 2 else end


def _disjoint(text: str, spans: Sequence[tuple[int, int, str]]) -> Iterator[Secret]:
    placeholders = deque(match.span() for match in PLACEHOLDER.finditer(text))
    last_end = 0
    for start, end, type_ in sorted(spans, key=lambda span: (span[0], -span[1])):
        low = max(start, last_end)
        last_end = max(last_end, end)
        while low < end:
            while placeholders and placeholders[0][1] <= low:
                placeholders.popleft()
            first, last = placeholders[0] if placeholders else (end, end)
            for line in re.finditer(r"[^\r\n]+", text[low : min(first, end)]):
                if not line[0].isspace():
                    yield Secret(low + line.start(), low + line.end(), type_)
            low = max(last, low) if first < end else end
