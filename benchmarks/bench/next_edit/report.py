"""The figures of plays: of all offers and of each kind, with their intervals."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assist_evaluation.proportions import wilson
from assist_evaluation.statistics import percentile
from bench.next_edit.simulation import Played

KEYS = 2  # that a user presses for an offer: one goes there, one makes it


def figures(plays: Sequence[Played], cpu: float) -> dict[str, Any]:
    """What became of the commits of one repository, or of several."""
    outcomes = [outcome for play in plays for outcome in play.outcomes if outcome.shown]
    seconds = [second for play in plays for second in play.seconds]
    typed = sum(play.typed for play in plays)
    later = sum(play.later for play in plays)
    accepted = [outcome for outcome in outcomes if outcome.right]
    kinds = {
        kind: precision(
            sum(outcome.right for outcome in outcomes if outcome.kind == kind),
            sum(outcome.kind == kind for outcome in outcomes),
        )
        for kind in sorted({outcome.kind for outcome in outcomes})
    }
    wrong = len(outcomes) - len(accepted)
    return {
        "commits": len(plays),
        "hunks typed": typed,
        "later hunks": later,
        **precision(len(accepted), len(outcomes)),
        "of later hunks": share(sum(play.helped for play in plays), later),
        "made whole": sum(play.whole for play in plays),
        "wrong per 100 edits": round(100 * wrong / max(1, typed + len(accepted)), 1),
        "wrong per 100 typed": round(100 * wrong / max(1, typed), 1),
        "keys saved": sum(outcome.characters - KEYS for outcome in accepted),
        "ms p50": milliseconds(seconds, 0.5),
        "ms p95": milliseconds(seconds, 0.95),
        "cpu s": round(cpu, 1),
        "kinds": kinds,
    }


def precision(right: int, count: int) -> dict[str, Any]:
    return {"offers": count, "accepted": right, "precision": share(right, count)}


def share(part: int, whole: int) -> list[float]:
    """A share and its 95 % interval."""
    low, high = wilson(part, whole)
    return [round(part / max(1, whole), 3), round(low, 3), round(high, 3)]


def milliseconds(seconds: Sequence[float], quantile: float) -> float:
    return round(1e3 * percentile(seconds, quantile), 1)


def table(found: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """One line a repository, in Markdown, and the kinds of the last one."""
    yield "| repository | commits | offers | precision | of later hunks | wrong per 100 edits | ms p50, p95 |"
    yield "|---|---|---|---|---|---|---|"
    for name, row in found.items():
        yield (
            f"| {name} | {row['commits']} | {row['offers']} | {in_words(row['precision'])} | "
            f"{percent(row['of later hunks'])} of {row['later hunks']:,} | "
            f"{row['wrong per 100 edits']} | {row['ms p50']}, {row['ms p95']} |"
        )
    yield ""
    yield "| kind | offers | precision |"
    yield "|---|---|---|"
    counts: Counter[str] = Counter()
    for name, row in list(found.items())[-1:]:
        for kind, own in row["kinds"].items():
            counts[name] += own["offers"]
            yield f"| {kind} | {own['offers']} | {in_words(own['precision'])} |"


def in_words(value: Sequence[float]) -> str:
    return f"{value[0]:.2f} ({value[1]:.2f} to {value[2]:.2f})"


def percent(value: Sequence[float]) -> str:
    return f"{100 * value[0]:.1f} % ({100 * value[1]:.1f} to {100 * value[2]:.1f})"
