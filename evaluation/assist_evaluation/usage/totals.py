"""The counts of all sessions and of all answers, as JSON and in words. It reads no file."""

from collections import Counter
from typing import Any

from assist_server.records.answer_counts import TARGETS
from assist_server.wording.reasons import hiding_reasons, reason_words

FROM_MEMORY = ("source-cache", "source-typed-through")

# The totals and the tables of `--by` differ in this.
TOTALS = (
    "The totals count each part of a suggestion that was accepted, and requests that the editor took back. "
    "Tables by day, model and so on count a suggestion once and leave those out. "
    "`assist complete` in a terminal is not counted."
)
NOTHING = (
    "No ghost text has been counted yet. Ghost text in an editor is counted while the editor is open and "
    "when it closes; `assist complete` in a terminal is not counted."
)


def stats_document(counts: Counter[str]) -> dict[str, Any]:
    """The counts, grouped. `served_without_inference` is a share from 0 to 1 of all requests."""
    return {
        "requests": counts["requests"],
        "shown": counts["shown"],
        "accepted": counts["accepted"],
        "cancelled": counts["cancelled"],
        "served_without_inference": round(_share(_from_memory(counts), counts), 4),
        "speculated": counts["speculated"],
        "tokens": {"evaluated": counts["prompt-tokens-evaluated"], "generated": counts["tokens-generated"]},
        "reasons": hiding_reasons(counts),
        "counts": dict(counts),
    }


def stats_facts(counts: Counter[str]) -> list[tuple[str, str]]:
    """The counts for people."""
    memory = _from_memory(counts)
    lines = [
        ("Requests", f"{counts['requests']:,}; {counts['cancelled']:,} more were cancelled by the editor"),
        ("Shown", f"{counts['shown']:,} ({_share(counts['shown'], counts):.0%})"),
        ("Accepted", f"{counts['accepted']:,}"),
        ("At once", f"{memory:,} ({_share(memory, counts):.0%}) were served without inference"),
        ("Ahead", f"{counts['speculated']:,} times the model continued an accepted suggestion"),
        ("Tokens", _tokens(counts)),
    ]
    for number, (reason, count) in enumerate(hiding_reasons(counts).items()):
        lines.append(("Not shown" if number == 0 else "", f"{count:,} × {reason_words(reason)}"))
    return lines


def answers_facts(document: dict[str, Any]) -> list[tuple[str, str]]:
    """What `answers_document` has, for people."""
    commands = ", ".join(f"{count:,} {name}" for name, count in document["by_command"].items())
    targets = _target_words(document["by_target"])
    answered = _target_words(document["answered_by_target"])
    return [
        ("Answers", f"{document['requests']:,} requested: {commands}"),
        ("Decided", f"{targets} ({document['escalated_share']:.0%} escalated)"),
        (
            "Answered",
            f"{document['answered']:,} by a text, or by an edit that `assist undo` did not take back"
            f"{answered and ': '}{answered}",
        ),
        *_unusable_facts(document),
        ("Edits", _edit_words(document)),
        ("Rated", f"{document['rated_good']:,} good, {document['rated_bad']:,} bad"),
    ]


def _edit_words(document: dict[str, Any]) -> str:
    made = f"{document['accepted']:,} accepted, {document['undone']:,} undone"
    proofs = document["kept_by_proof"]
    kept = f"; kept with a proof by tests {proofs['tests']:,}, by types {proofs['types']:,}, with none "
    proven = f"{kept}{proofs['none']:,}" if any(proofs.values()) else ""
    return f"{made}, of {document['offered']:,} offered; {document['not_applied']:,} not applied{proven}"


def _target_words(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {TARGETS.get(name, name)}" for name, count in counts.items())


def _unusable_facts(document: dict[str, Any]) -> list[tuple[str, str]]:
    """The edits that our own checks refused, which are no answers."""
    unusable = document["refused_by_checks"]
    if not unusable:
        return []
    named = _target_words(unusable)
    share = document["local_usable_share"]
    usable = f"; {share:.0%} of what this machine wrote passed our checks" if share is not None else ""
    return [("Unusable", f"edits that failed our checks: {named}{usable}")]


def _from_memory(counts: Counter[str]) -> int:
    return sum(counts[source] for source in FROM_MEMORY)


def _share(count: int, counts: Counter[str]) -> float:
    return count / counts["requests"] if counts["requests"] else 0.0


def _tokens(counts: Counter[str]) -> str:
    """What the model read and wrote. Older sessions did not count what it read ahead of requests."""
    read = max(counts["tokens-read"], counts["prompt-tokens-evaluated"])
    written = max(counts["tokens-written"], counts["tokens-generated"])
    used = counts["tokens-used"]
    return f"{read:,} read, {written:,} written" + (f", {used:,} of these shown" if used else "")
