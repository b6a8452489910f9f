"""The counts of answers as JSON, and which counts of ghost text are reasons. It reads no file."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from assist_server.records.answer_counts import PROOFS, answer_rows
from assist_server.records.key_groups import group, total
from assist_server.wording.reasons import REASONS

if TYPE_CHECKING:  # numpy
    from assist_escalation.routing.feedback import Event


TARGETS = {"local": "on this machine", "frontier": "at a provider", "refused": "refused"}


def answers_document(events: "Iterable[Event]") -> dict[str, Any]:
    """What became of questions and refactorings, each counted once. `escalated_share` is from 0 to 1.

    `by_target` counts decisions: an answer that began on this machine and was then escalated is `frontier`.
    The other targets are who wrote the answer, and `ended_by_target` counts all that did. `answered` counts
    texts that were shown, and edits that were applied and not undone. `refused_by_checks` counts edits that
    could not be made, and `local_usable_share` is the share of the answers on this machine that are none.
    """
    rows = answer_rows(events)
    counts = total(rows)
    commands = {name: numbers["asked"] for name, numbers in group(rows, "command").items()}
    by_target = _by_target(counts, "asked")
    unusable = _by_target(counts, "refused-by-checks")
    local = counts["ended-local"]
    asked = counts["asked"]
    return {
        "requests": asked,
        "answered": counts["answered"],
        "by_command": dict(Counter(commands).most_common()),
        "by_target": by_target,
        "ended_by_target": _by_target(counts, "ended"),
        "answered_by_target": _by_target(counts, "answered"),
        "refused_by_checks": unusable,
        "local_usable_share": round(1 - unusable.get("local", 0) / local, 4) if local else None,
        "offered": counts["offered"],
        "accepted": counts["applied"],
        "not_applied": counts["not-applied"],
        "undone": counts["undone"],
        "kept_by_proof": {kind: counts[f"kept-{kind}"] for kind in PROOFS},
        "rated_good": counts["good"],
        "rated_bad": counts["bad"],
        "escalated_share": round(counts["escalated"] / asked, 4) if asked else 0.0,
    }


def _by_target(counts: Counter[str], name: str) -> dict[str, int]:
    """The counts of one name by target, the most frequent target first."""
    found = Counter({target: counts[f"{name}-{target}"] for target in TARGETS})
    return {target: count for target, count in found.most_common() if count}


def hiding_reasons(counts: Counter[str]) -> dict[str, int]:
    """The counts that say why nothing was shown. What editors cancel is no answer, and has its own line."""
    return {
        name: count
        for name, count in counts.most_common()
        if name in REASONS and name != "cancelled" and count > 0
    }
