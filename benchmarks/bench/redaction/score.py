"""What redaction takes from a text, and how much of each secret that leaves.

A secret is found if what is left of it is at most half of it, and at most 5 characters. A secret that occurs
several times in a file is found if that holds everywhere.
"""

import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from assist_escalation.prompts import Origin, Span
from assist_escalation.redaction.redactor import Known, redact
from assist_evaluation.proportions import wilson
from bench.redaction.templates import FilledFile, Slot

LEFT = 5  # characters of a secret that may stay, and at most half of it
NONCE = "zq7x0j4w"
DEADLINE_S = 60.0  # a slow file is counted, not refused
SECRET = ""
Taken = tuple[int, int, str]  # start and end in the original text, and the type that redaction gave


@dataclass(frozen=True, slots=True)
class Outcome:
    """One secret under one seed: where it is, what it is, and whether it was found."""

    path: str
    key: str
    area: str
    format: str
    kind: str
    construct: str
    found: bool


@dataclass(frozen=True, slots=True)
class FalseAlarm:
    """A text that was taken and holds no secret; the line counts from 1."""

    path: str
    line: int
    type: str
    text: str
    source: str


def taken_spans(path: str, text: str) -> list[Taken]:
    """Redact a file's text, and return what was taken out of it."""
    redacted = redact([Span(text, Origin("file", path))], Known(), nonce=NONCE, deadline_s=DEADLINE_S)
    names = sorted(redacted.placeholders, key=len, reverse=True)
    if not names:
        return []
    pattern = re.compile("|".join(map(re.escape, names)))

    def original(name: str) -> str:  # a later scan may take a text that holds an earlier placeholder
        return pattern.sub(lambda inner: original(inner[0]), redacted.placeholders[name])

    found = []
    shift = 0  # from a place in the redacted text to the same place in the original
    for match in pattern.finditer(redacted.spans[0].text):
        size = len(original(match[0]))
        start = match.start() + shift
        found.append((start, start + size, match[0].strip("_").rsplit("_", 2)[0]))
        shift += size - len(match[0])
    return found


def outcomes(file: FilledFile, taken: Sequence[Taken]) -> list[Outcome]:
    """Return whether each secret of a file was found."""
    found = dict[str, Outcome]()
    for slot in file.slots:
        if slot.role != SECRET:
            continue
        secret = _letters(file.text[slot.start : slot.end])
        hit = _remainder(file.text, slot, taken) <= min(LEFT, secret // 2)
        before = found.get(slot.key)
        about = file.template
        found[slot.key] = Outcome(
            about.path,
            slot.key,
            about.area,
            about.format,
            before.kind if before else slot.kind,
            before.construct if before else slot.construct,
            hit and (before is None or before.found),
        )
    return list(found.values())


def is_found(text: str, secret: str, taken: Sequence[Taken]) -> bool:
    """Return whether a secret was found everywhere in a text.

    >>> is_found("a=hunter2", "hunter2", [(2, 9, "PASSWORD")]), is_found("a=hunter2", "hunter2", [])
    (True, False)
    """
    places = [match.span() for match in re.finditer(re.escape(secret), text)]
    slots = [Slot("", SECRET, "", "", start, end) for start, end in places]
    most = min(LEFT, _letters(secret) // 2)
    return bool(slots) and all(_remainder(text, slot, taken) <= most for slot in slots)


def _remainder(text: str, slot: Slot, taken: Iterable[Taken]) -> int:
    """How many letters of a slot were not taken. White space, such as a key's line ends, may stay."""
    covered = 0
    for start, end, _ in taken:
        covered += _letters(text[max(start, slot.start) : max(start, min(end, slot.end))])
    return _letters(text[slot.start : slot.end]) - covered


def _letters(text: str) -> int:
    return len("".join(text.split()))


def false_alarms(file: FilledFile, taken: Sequence[Taken]) -> list[FalseAlarm]:
    """Return what was taken without touching a secret, or a value that may be taken."""
    real = [(slot.start, slot.end) for slot in file.slots if slot.role != "!"]
    wrong = [each for each in taken if not any(each[0] < end and start < each[1] for start, end in real)]
    return alarms(file.template.path, file.text, wrong)


def alarms(path: str, text: str, taken: Iterable[Taken]) -> list[FalseAlarm]:
    """Return what was taken, with its line."""
    found = []
    for start, end, type_ in taken:
        line = text.count("\n", 0, start) + 1
        first = text.rfind("\n", 0, start) + 1
        last = text.find("\n", start)
        source = text[first : last if last >= 0 else len(text)]
        found.append(FalseAlarm(path, line, type_, text[start:end], source))
    return found


def judge(
    files: Iterable[FilledFile], clock: Callable[[], float] = time.perf_counter
) -> tuple[list[Outcome], list[FalseAlarm], float]:
    """Redact all files; return the secrets' outcomes, the false alarms, and the seconds that it took."""
    found, wrong = list[Outcome](), list[FalseAlarm]()
    start = clock()
    for file in files:
        taken = taken_spans(file.template.path, file.text)
        found += outcomes(file, taken)
        wrong += false_alarms(file, taken)
    return found, wrong, clock() - start


@dataclass(frozen=True, slots=True)
class Recall:
    """The share of secrets that were found, with its 95 % interval; `count` is distinct secrets."""

    name: str
    count: int
    share: float
    low: float
    high: float


def recall(name: str, found: Iterable[Outcome]) -> Recall:
    """Average over seeds. The interval takes the number of distinct secrets, as seeds are not independent."""
    by_secret = defaultdict[tuple[str, str], list[bool]](list)
    for each in found:
        by_secret[each.path, each.key].append(each.found)
    count = len(by_secret)
    share = sum(sum(hits) / len(hits) for hits in by_secret.values()) / count if count else 0.0
    low, high = wilson(round(share * count), count)
    return Recall(name, count, share, low, high)


def recalls(found: Sequence[Outcome], by: Callable[[Outcome], str]) -> list[Recall]:
    """Return the recall of each group, the lowest first."""
    groups = defaultdict[str, list[Outcome]](list)
    for each in found:
        groups[by(each)].append(each)
    rows = [recall(name, group) for name, group in groups.items()]
    return sorted(rows, key=lambda row: (row.share, row.name))


def misses(found: Iterable[Outcome]) -> list[tuple[Outcome, int]]:
    """Return each secret that some seed missed, with the number of seeds that did."""
    counts = Counter[tuple[str, str]]()
    named = dict[tuple[str, str], Outcome]()
    for each in found:
        if not each.found:
            counts[each.path, each.key] += 1
            named[each.path, each.key] = each
    return [(named[key], number) for key, number in counts.items()]
