"""The counts of all sessions and of all answers, as JSON and in words. It reads no file."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from assist_server.wording.ghost_text.reasons import REASONS, reason_words

if TYPE_CHECKING:  # numpy
    from assist_escalation.routing.feedback import Event

FROM_MEMORY = ("source-cache", "source-typed-through")

TARGETS = {"local": "on this machine", "frontier": "at a provider", "refused": "refused"}
_SIGNS = ("accepted", "undone", "up", "down")


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
        "reasons": _reasons(counts),
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
    for number, (reason, count) in enumerate(_reasons(counts).items()):
        lines.append(("Not shown" if number == 0 else "", f"{count:,} × {reason_words(reason)}"))
    return lines


def answers_document(events: "Iterable[Event]") -> dict[str, Any]:
    """What became of questions and refactorings, each counted once. `escalated_share` is from 0 to 1.

    The target is the last one that was decided: an answer that began on this machine and was then escalated
    counts as `frontier`. `refused_by_checks` counts edits that could not be made, by target, and
    `local_usable_share` is the share of the answers on this machine that are none of these.
    """
    commands: dict[str, str] = {}
    targets: dict[str, str] = {}
    signs: dict[str, set[str]] = {}
    for event in events:
        if event.event in ("routed", "escalated_after"):
            commands[event.request_id] = event.command
            targets[event.request_id] = event.target
        signs.setdefault(event.request_id, set()).add(event.event)
    by_target = Counter(targets.values())
    count = len(targets)
    unusable = Counter(
        targets[name] for name, each in signs.items() if "unusable" in each and name in targets
    )
    local = by_target["local"]
    with_sign = {sign: sum(sign in each for each in signs.values()) for sign in _SIGNS}
    return {
        "requests": count,
        "by_command": dict(Counter(commands.values()).most_common()),
        "by_target": dict(by_target.most_common()),
        "refused_by_checks": dict(unusable.most_common()),
        "local_usable_share": round(1 - unusable["local"] / local, 4) if local else None,
        "accepted": with_sign["accepted"],
        "undone": with_sign["undone"],
        "rated_good": with_sign["up"],
        "rated_bad": with_sign["down"],
        "escalated_share": round(by_target["frontier"] / count, 4) if count else 0.0,
    }


def answers_facts(document: dict[str, Any]) -> list[tuple[str, str]]:
    """The same for people."""
    commands = ", ".join(f"{count:,} {name}" for name, count in document["by_command"].items())
    unusable = document["refused_by_checks"]
    targets = ", ".join(
        f"{count - unusable.get(name, 0):,} {TARGETS.get(name, name)}"
        for name, count in document["by_target"].items()
    )
    return [
        ("Answers", f"{document['requests']:,} requested: {commands}"),
        ("Answered", f"{targets} ({document['escalated_share']:.0%} escalated)"),
        *_unusable_facts(document),
        ("Edits", f"{document['accepted']:,} accepted, {document['undone']:,} undone"),
        ("Rated", f"{document['rated_good']:,} good, {document['rated_bad']:,} bad"),
    ]


def _unusable_facts(document: dict[str, Any]) -> list[tuple[str, str]]:
    """The edits that our own checks refused, which are no answers."""
    unusable = document["refused_by_checks"]
    if not unusable:
        return []
    named = ", ".join(f"{count:,} {TARGETS.get(name, name)}" for name, count in unusable.items())
    share = document["local_usable_share"]
    usable = f"; {share:.0%} of what this machine wrote could be used" if share is not None else ""
    return [("Unusable", f"edits that our checks refused: {named}{usable}")]


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


def _reasons(counts: Counter[str]) -> dict[str, int]:
    """The counts that say why nothing was shown. What editors cancel is no answer, and has its own line."""
    return {
        name: count
        for name, count in counts.most_common()
        if name in REASONS and name != "cancelled" and count > 0
    }
