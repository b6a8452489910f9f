"""Ghost text and questions as rows of a table, and two models next to each other, in words and as JSON."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from assist_evaluation.usage.bucket_times import percentile
from assist_evaluation.usage.model_comparison import KeptShare
from assist_evaluation.usage.model_pair import ModelPair
from assist_evaluation.usage.usage_rows import MS_BOUNDS, NEXT_EDIT
from assist_server.records.answer_counts import PROOFS
from assist_server.wording.sanitize import harmless

GHOST_HEADS = ("Requests", "Shown", "Accepted", "Kept", "p50 ms", "p95 ms")
NEXT_EDIT_HEADS = ("Offered", "Accepted", "Rejected")
QUESTION_HEADS = ("Asked", "Answered", "Escalated", "Good", "Bad")
UNKNOWN = "unknown"
MEANING = (
    "Kept: accepted and still there after 30 s, with the share of what was shown. "
    "A time is the upper end of its bucket."
)

Groups = Mapping[str, Counter[str]]


def ghost_rows(groups: Groups, by: str, names: Mapping[str, str] | None = None) -> list[list[str]]:
    """A row for each key with its `GHOST_HEADS`: days in order, else the most requests first.

    `names` are words for keys, such as a folder's name for a repository's key.
    """
    return [[_key_words(key, names), *ghost_cells(groups[key])] for key in _in_order(groups, by, "requests")]


def question_rows(groups: Groups, by: str, names: Mapping[str, str] | None = None) -> list[list[str]]:
    """A row for each key with its `QUESTION_HEADS`, in the same way."""
    return [[_key_words(key, names), *question_cells(groups[key])] for key in _in_order(groups, by, "asked")]


def next_edit_rows(groups: Groups, by: str, names: Mapping[str, str] | None = None) -> list[list[str]]:
    """A row for each key with its `NEXT_EDIT_HEADS`, in the same way."""
    return [
        [_key_words(key.removeprefix(NEXT_EDIT), names), *next_edit_cells(groups[key])]
        for key in _in_order(groups, by, "next-offered")
    ]


def next_edit_cells(counts: Counter[str]) -> list[str]:
    """The `NEXT_EDIT_HEADS` of one sum."""
    offered = counts["next-offered"]
    ends = (with_share(counts[name], offered) for name in ("next-accepted", "next-rejected"))
    return [f"{offered:,}", *ends]


def next_edit_words(counts: Counter[str]) -> str:
    """The same as a sentence for the totals."""
    offered, accepted, rejected = next_edit_cells(counts)
    return f"{offered} offered, {accepted} accepted, {rejected} rejected"


def ghost_cells(counts: Counter[str]) -> list[str]:
    """The `GHOST_HEADS` of one sum."""
    kept = with_share(counts["kept-30s"], counts["shown"])
    times = [ms_words(percentile(counts, share)) for share in (0.5, 0.95)]
    numbers = [f"{counts[name]:,}" for name in ("requests", "shown", "accepted")]
    return [*numbers, kept, *times]


def question_cells(counts: Counter[str]) -> list[str]:
    """The `QUESTION_HEADS` of one sum."""
    return [f"{counts[name.lower()]:,}" for name in QUESTION_HEADS]


def table_document(ghost_text: Groups, next_edits: Groups, questions: Groups, by: str) -> dict[str, Any]:
    """The tables as JSON. Times are in milliseconds, null if unknown or over the last bound."""
    return {
        "ghost_text": [
            {by: key, **ghost_document(ghost_text[key])} for key in _in_order(ghost_text, by, "requests")
        ],
        "next_edits": [
            {by: key, **next_edit_document(next_edits[key])}
            for key in _in_order(next_edits, by, "next-offered")
        ],
        "questions": [
            {by: key, **question_document(questions[key])} for key in _in_order(questions, by, "asked")
        ],
    }


def ghost_document(counts: Counter[str]) -> dict[str, Any]:
    """One sum of ghost text as JSON. A time over the last bound is null, as is an unknown one."""
    return {
        **{name: counts[name] for name in ("requests", "shown", "accepted", "cancelled")},
        "kept_30s": counts["kept-30s"],
        "gone_30s": counts["gone-30s"],
        "kept_saved": counts["kept-saved"],
        "gone_saved": counts["gone-saved"],
        "p50_ms": _ms_value(percentile(counts, 0.5)),
        "p95_ms": _ms_value(percentile(counts, 0.95)),
    }


def next_edit_document(counts: Counter[str]) -> dict[str, Any]:
    """One sum of next edits as JSON."""
    return {name: counts[f"next-{name}"] for name in ("offered", "accepted", "rejected")}


def question_document(counts: Counter[str]) -> dict[str, Any]:
    """One sum of questions as JSON."""
    edits = ("offered", "applied", "undone", "refused-by-checks", "not-applied")
    return {
        **{name: counts[name] for name in ("asked", "answered", "escalated")},
        "edits": {name.replace("-", "_"): counts[name] for name in edits},
        "kept_by_proof": {kind: counts[f"kept-{kind}"] for kind in PROOFS},
        "good": counts["good"],
        "bad": counts["bad"],
    }


def pair_document(pair: ModelPair | None) -> dict[str, Any] | None:
    """Two models as JSON; `verdict` is about the first one."""
    if pair is None:
        return None
    found = pair.comparison
    sides = zip(pair.names, (found.ours, found.theirs), pair.p95, strict=True)
    return {
        "models": [
            {"model": name, "shown": side.shown, "kept_30s": side.kept, "p95_ms": _ms_value(p95)}
            for name, side, p95 in sides
        ],
        "difference": round(found.difference, 4),
        "interval": [round(found.low, 4), round(found.high, 4)],
        "verdict": found.verdict,
        "more_suggestions_needed": found.more,
    }


def pair_lines(pair: ModelPair | None) -> list[str]:
    """How two models compare, in two sentences; nothing for one model."""
    if pair is None:
        return []
    found = pair.comparison
    first, second = map(harmless, pair.names)
    sides = zip((first, second), (found.ours, found.theirs), pair.p95, strict=True)
    told = "; ".join(f"{name} {_side_words(side)}, p95 {ms_phrase(p95)}" for name, side, p95 in sides)
    return [
        f"The two models with the most suggestions, compared by what was kept after 30 s: {told}.",
        _verdict_words(pair, first, second),
    ]


def kept_words(day: str) -> str:
    """From which day on all questions are counted; "" if none is missing, and nothing is said then."""
    return f"Questions are kept from {day} on; of earlier ones some or all are missing." if day else ""


def with_share(count: int, of: int) -> str:
    """A count with its share of another one; "-" if there is nothing to take a share of.

    >>> with_share(36, 300), with_share(13, 300), with_share(0, 300)
    ('36 (12%)', '13 (4.3%)', '0 (0%)')
    """
    if not of:
        return "-"
    digits = 1 if 0 < count / of < 0.1 else 0  # a model at 4.4% is better than one at 3.6%
    return f"{count:,} ({count / of:.{digits}%})"


def ms_words(ms: float | None) -> str:
    """Milliseconds for a table; "-" if unknown."""
    return "-" if ms is None else f">{MS_BOUNDS[-1]:,}" if math.isinf(ms) else f"{ms:,.0f}"


def ms_phrase(ms: float | None) -> str:
    """Milliseconds in a sentence: the upper end of a bucket."""
    if ms is None:
        return "unknown"
    return f"over {MS_BOUNDS[-1]:,} ms" if math.isinf(ms) else f"at most {ms:,.0f} ms"


def times_sentence(half: float | None, most: float | None) -> str:
    """How long half and 95 of 100 answers took at most; of the last bucket only that it took longer is known.

    >>> times_sentence(5.0, 250.0)
    'Half of the answers took at most 5 ms, and 95 of 100 at most 250 ms.'
    >>> times_sentence(5.0, math.inf)
    'Half of the answers took at most 5 ms, and at least 5 of 100 took longer than 2,500 ms.'
    """
    longest = f"longer than {MS_BOUNDS[-1]:,} ms"
    if half is None or most is None:
        return "How long answers took is unknown."
    if math.isinf(half):
        return f"At least half of the answers took {longest}."
    begin = f"Half of the answers took {ms_phrase(half)}, and"
    return (
        f"{begin} at least 5 of 100 took {longest}."
        if math.isinf(most)
        else f"{begin} 95 of 100 {ms_phrase(most)}."
    )


def _verdict_words(pair: ModelPair, first: str, second: str) -> str:
    found = pair.comparison
    if found.verdict == "cannot be told apart":
        if found.more is None:
            return "They cannot be told apart yet, and no difference is in sight."
        return (
            f"They cannot be told apart yet: about {_two_digits(found.more):,} more suggestions are needed."
        )
    better, worse = (first, second) if found.verdict == "better" else (second, first)
    low, high = sorted(100 * abs(end) for end in (found.low, found.high))
    points = f"{100 * abs(found.difference):.1f} points (with 95% certainty between {low:.1f} and {high:.1f})"
    return f"{better} is kept more often than {worse} by {points}: that is beyond chance."


def _side_words(side: KeptShare) -> str:
    return f"{side.kept:,} of {side.shown:,} shown ({side.share:.1%})"


def _ms_value(ms: float | None) -> float | None:
    return None if ms is not None and math.isinf(ms) else ms


def _key_words(key: str, names: Mapping[str, str] | None) -> str:
    return harmless((names or {}).get(key, key)) or UNKNOWN


def _in_order(groups: Groups, by: str, size: str) -> list[str]:
    """Days from the first on; other keys by their size."""
    return sorted(groups) if by == "day" else sorted(groups, key=lambda key: (-groups[key][size], key))


def _two_digits(number: int) -> int:
    """A number rounded up to two digits, since it is a guess."""
    unit = int(10 ** max(0, len(str(number)) - 2))
    return -(-number // unit) * unit
