"""Deterministic traces of a typist: which key after how long, with slips, pauses, looks and jumps.

A trace removes lines from a real file and types them in again. It depends only on a seed and the file, so
every policy gets the same keys at the same moments; what is accepted depends only on what the policy shows.
It knows no policy, no screen and no clock.

Sources of the figures: Dhakal et al., "Observations on typing from 136 million keystrokes" (CHI 2018): mean
inter-key interval of 239 ms with a long tail, 120 ms for fast typists, 6 % of keys correct something.
Programmers pause before lines and words. These pauses are estimates, but the report depends on them little,
because every policy gets the same ones.
"""

import random
import re
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from assist_completion.prompt.layout import common_prefix
from assist_evaluation.candidates.typist import key_size

KEY = 0.13  # seconds, median gap within a word
SPREAD = 0.45  # of the gap's logarithm
SPACE = 1.5  # times longer before the first letter of a word
NEWLINE = 3.0  # times longer before a new line
THINK = (0.8, 2.5)  # seconds of a pause to think, before one line in four and one word in thirty
SLIP = 0.02  # of the letters are typed wrong at first, noticed after one more gap, and deleted
NOTICE = 0.25  # seconds, median, until a slip is deleted
LOOK = (0.4, 0.9)  # seconds of reading the screen, before one line in two and one word in eight
JUMP = (0.6, 1.6)  # seconds between moving the cursor and the first key
NEIGHBOURS = "qwertyuiopasdfghjklzxcvbnm"

Kind = Literal["key", "slip", "back", "look", "jump"]


@dataclass(frozen=True, slots=True)
class TypingEvent:
    """An event `gap` seconds after the one before: `text` is typed, a slip deleted, or the screen read.

    `at` is how much of the visit's text is typed before this event.
    """

    kind: Kind
    gap: float
    text: str = ""
    at: int = 0


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit to a place: the cursor moves to the end of `line`, then `text` is typed.

    `line` counts from 0, in the file as it is at that time.
    """

    line: int
    text: str
    events: tuple[TypingEvent, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """A file with missing lines, and the visits that type them in again."""

    name: str
    path: str
    start: str
    visits: tuple[Visit, ...]


@dataclass(frozen=True, slots=True)
class Style:
    """A kind of trace: `count` visits of `lines` lines, each line of `least` to `most` characters.

    `having` is a regular expression of what each line has.
    """

    name: str
    count: int
    lines: int
    least: int
    most: int
    file_lines: tuple[int, int] = (400, 3_000)
    having: str = ""


TYPING = Style("typing", count=2, lines=7, least=8, most=70)
# About one jump per ten keys: short lines at unseen places of a file of 3,000 lines.
JUMPING = Style("jumping", count=20, lines=1, least=6, most=14, file_lines=(2_500, 9_000))
STYLES = {style.name: style for style in (TYPING, JUMPING)}


def sources(folder: Path | None, style: Style) -> list[Path]:
    """Return Python files of a fitting length, in a stable order; by default from the standard library."""
    root = folder or Path(sysconfig.get_paths()["stdlib"])
    found = sorted(root.rglob("*.py") if folder else root.glob("*.py"))
    low, high = style.file_lines
    return [path for path in found if low <= _length(path) <= high]


def _length(path: Path) -> int:
    try:
        return path.read_text(encoding="utf-8").count("\n")
    except (OSError, UnicodeDecodeError):
        return 0


def traces(style: Style, seeds: Iterable[int], folder: Path | None) -> Iterator[Trace]:
    """Yield one trace per seed, each from a file that it draws. Raises `ValueError` if no file fits."""
    files = sources(folder, style)
    if not files:
        raise ValueError(
            f"{folder} has no Python file of {style.file_lines[0]} to {style.file_lines[1]} lines"
        )
    for seed in seeds:
        yield make_trace(random.Random(seed).choice(files), style, seed)


def line_end(text: str, line: int) -> int:
    """Return where a line (from 0) ends that is not the last.

    Raises `ValueError` if there is no such line.
    """
    at = -1
    for _ in range(line + 1):
        at = text.index("\n", at + 1)
    return at


def make_trace(path: Path, style: Style, seed: int) -> Trace:
    """Make the trace of one file, the same for the same seed and style.

    Raises `ValueError` if the file has too few places.
    """
    rng = random.Random(f"{seed}-{style.name}-{path.name}")
    lines = path.read_text(encoding="utf-8").split("\n")[: style.file_lines[1]]
    starts = _choose(lines, style, rng)
    if len(starts) < style.count:
        raise ValueError(f"{path} has no {style.count} places of {style.lines} lines to type again")
    gone = {start + i for start in starts for i in range(style.lines)}
    order = rng.sample(starts, len(starts))
    visits = []
    back: set[int] = set()  # lines already typed in again
    for start in order:
        above = sum(1 for line in range(start) if line not in gone or line in back)
        text = "".join("\n" + line.rstrip() for line in lines[start : start + style.lines])
        visits.append(Visit(above - 1, text, tuple(_events(text, rng))))
        back |= set(range(start, start + style.lines))
    kept = [line for number, line in enumerate(lines) if number not in gone]
    return Trace(f"{style.name}-{seed}-{path.stem}", path.name, "\n".join(kept), tuple(visits))


def _choose(lines: Sequence[str], style: Style, rng: random.Random) -> list[int]:
    """Choose starts of runs of plain code lines, in random order, well apart from each other."""
    good = [
        style.least <= len(line.strip()) <= style.most
        and line.isascii()
        and re.search(style.having, line) is not None
        for line in lines
    ]
    starts = [at for at in range(20, len(lines) - style.lines - 5) if all(good[at : at + style.lines])]
    rng.shuffle(starts)
    chosen: list[int] = []
    for start in starts:
        if all(abs(start - other) > style.lines + 25 for other in chosen):
            chosen.append(start)
        if len(chosen) == style.count:
            break
    return chosen


def _events(text: str, rng: random.Random) -> Iterator[TypingEvent]:
    """Yield the events of one visit. A new line comes with its indentation, as in editors."""
    yield TypingEvent("jump", rng.uniform(0.2, 0.5))
    gap = rng.uniform(*JUMP)
    at = 0
    while at < len(text):
        size = key_size(text, at)
        key = text[at : at + size]
        start = _starts_word(text, at)
        newline = key.startswith("\n")
        if at and (rng.random() < (0.5 if newline else 0.125 if start else 0)):
            yield TypingEvent("look", rng.uniform(*LOOK), at=at)
        if at and rng.random() < (0.25 if newline else 0.033 if start else 0):
            gap += rng.uniform(*THINK)
        slow = NEWLINE if newline else SPACE if start else 1.0
        gap += KEY * slow * rng.lognormvariate(0, SPREAD) if at else 0.0
        if key.isalpha() and rng.random() < SLIP:
            yield TypingEvent("slip", gap, rng.choice(NEIGHBOURS.replace(key.lower(), "")), at)
            yield TypingEvent("back", NOTICE * rng.lognormvariate(0, SPREAD), at=at)
            gap = KEY * rng.lognormvariate(0, SPREAD)
        yield TypingEvent("key", gap, key, at)
        gap = 0.0
        at += size


def _starts_word(text: str, at: int) -> bool:
    return text[at].isalnum() and not text[at - 1].isalnum()


@dataclass(slots=True)
class Progress:
    """How much of a visit is typed, and which of its characters were on the screen before that."""

    text: str
    at: int = 0
    wrong: str = ""
    kept: set[int] = field(default_factory=set)

    def see(self, ghost: str) -> bool:
        """Record which part of a ghost text is right. Returns True if all of it is."""
        if self.wrong:
            return False
        rest = self.text[self.at :]
        size = common_prefix(ghost, rest)
        self.kept.update(range(self.at, self.at + size))
        return size == len(ghost)
