"""Counts of questions, also as JSON: asked, answered, edits offered and applied, ratings.

A request is answered if a text was shown to its end, or its edit was applied and not undone. An edit that
our checks refused, that was undone or never applied, is not an answer. One failed, or called
off by the user, has no end. It reads no file.
"""

import time
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:  # numpy
    from assist_escalation.routing.feedback import Event

GHOST_TEXT = "complete"  # the command of ghost text, as the audit log has it
NEXT_EDIT = "next-edit"  # and that of next edits
DECISIONS = ("routed", "escalated_after")  # events that say who answers
TARGETS = {"local": "on this machine", "frontier": "at a provider", "refused": "refused"}
PROOFS = ("tests", "types", "none")  # what speaks for an edit
_OFFERED = frozenset({"offered", "accepted", "not_applied"})
ENDS = _OFFERED | {"answered", "unusable"}  # events of the one that answered, which may be another one

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """The key of answer counts: the day of the question (UTC), the repository's key, and so on.

    "" is unknown.
    """

    day: str
    repo: str = ""
    command: str = ""
    model: str = ""
    language: str = ""


def answer_rows(events: "Iterable[Event]", since: str = "") -> dict[AnswerKey, Counter[str]]:
    """The counts of all requests whose decision is known, by key. `since` is a day, "" for all.

    Names: asked, ended, answered, escalated, offered, applied, undone, refused-by-checks, not-applied, good
    and bad. Of the first three and refused-by-checks also each with a target: "asked-local" by who was
    decided on, the others by who answered in the end. Escalated are requests that a provider answered. Of
    edits that were applied and not undone also those with a proof, as "kept-tests".
    """
    decisions: dict[str, tuple[str, str, str, str]] = {}  # repository, command, language, target
    days: dict[str, str] = {}
    models: dict[str, str] = {}
    answering: dict[str, str] = {}
    signs: dict[str, set[str]] = {}
    for event in events:
        request = event.request_id
        if event.event in DECISIONS:
            decisions[request] = (event.repo, event.command, event.language, event.target)
            days.setdefault(request, _get_day(int(event.at // 86_400)))
        if event.event in ENDS:
            answering[request] = event.target
        if event.model:
            models[request] = event.model
        signs.setdefault(request, set()).update((event.event, f"proof-{event.proof}"))
    sums: dict[tuple[str, ...], Counter[str]] = {}  # as the keys' values, which are made faster
    for request, (repo, command, language, target) in decisions.items():
        if days[request] >= since:
            own = sums.setdefault(
                (days[request], repo, command, models.get(request, ""), language), Counter()
            )
            own_signs = frozenset(signs[request])
            end = answering.get(request, "")
            for name in _counts(target, end or target, own_signs):
                own[name] += 1
    return {AnswerKey(*key): counts for key, counts in sums.items()}


@lru_cache(maxsize=1_000)
def _get_day(number: int) -> str:
    """The UTC day with this number; 0 is the first one of 1970."""
    return time.strftime("%Y-%m-%d", time.gmtime(86_400 * number))


@lru_cache(maxsize=1_000)  # of 100,000 requests nearly all are alike
def _counts(decisions: str, target: str, signs: frozenset[str]) -> tuple[str, ...]:
    """The names of the counts that one request adds to. `target` is who answered in the end, if one did."""
    is_over = bool(signs & ENDS)
    is_applied = "accepted" in signs
    undone = "undone" in signs
    is_refused = "unusable" in signs
    is_offered = bool(signs & _OFFERED)
    is_answered = "answered" in signs or (is_applied and not undone)
    counts = {
        "asked": True,
        f"asked-{decisions}": True,
        "ended": is_over,
        f"ended-{target}": is_over,
        "answered": is_answered,
        f"answered-{target}": is_answered,
        "escalated": is_over and target == "frontier",
        "offered": is_offered,
        "applied": is_applied,
        "undone": undone,
        "not-applied": is_offered and not is_applied,
        "refused-by-checks": is_refused,
        f"refused-by-checks-{target}": is_refused,
        "good": "up" in signs,
        "bad": "down" in signs,
        **{f"kept-{kind}": is_applied and not undone and f"proof-{kind}" in signs for kind in PROOFS},
    }
    return tuple(name for name, is_so in counts.items() if is_so)


def group(rows: Mapping[K, Counter[str]], by: str, command: str = GHOST_TEXT) -> dict[str, Counter[str]]:
    """The sums by one field of the keys; "" is unknown. Keys without a command are of this one."""
    sums: dict[str, Counter[str]] = {}
    for key, counts in rows.items():
        sums.setdefault(str(getattr(key, by, command)), Counter()).update(counts)
    return sums


def total(rows: Mapping[K, Counter[str]]) -> Counter[str]:
    """The sum over all keys."""
    totals: Counter[str] = Counter()
    for counts in rows.values():
        totals.update(counts)
    return totals


def answers_document(events: "Iterable[Event]") -> dict[str, Any]:
    """Return what became of questions and refactorings, each counted once. `escalated_share` is from 0 to 1.

    `by_target` counts decisions: an answer that began on this machine and was then escalated is `frontier`.
    The other targets are who wrote the answer, and `ended_by_target` counts all that did. `answered` counts
    texts that were shown, and edits that were applied and not undone. `refused_by_checks` counts edits that
    could not be made, and `local_usable_share` is the share of the answers on this machine that are usable.
    """
    rows = answer_rows(events)
    counts = total(rows)
    commands = {name: numbers["asked"] for name, numbers in group(rows, "command").items()}
    by_target = _count_by_target(counts, "asked")
    unusable = _count_by_target(counts, "refused-by-checks")
    local = counts["ended-local"]
    questions = counts["asked"]
    return {
        "requests": questions,
        "answered": counts["answered"],
        "by_command": dict(Counter(commands).most_common()),
        "by_target": by_target,
        "ended_by_target": _count_by_target(counts, "ended"),
        "answered_by_target": _count_by_target(counts, "answered"),
        "refused_by_checks": unusable,
        "local_usable_share": round(1 - unusable.get("local", 0) / local, 4) if local else None,
        "offered": counts["offered"],
        "accepted": counts["applied"],
        "not_applied": counts["not-applied"],
        "undone": counts["undone"],
        "kept_by_proof": {kind: counts[f"kept-{kind}"] for kind in PROOFS},
        "rated_good": counts["good"],
        "rated_bad": counts["bad"],
        "escalated_share": round(counts["escalated"] / questions, 4) if questions else 0.0,
    }


def _count_by_target(counts: Counter[str], name: str) -> dict[str, int]:
    """The counts of one name by target, the most frequent target first."""
    totals = Counter({target: counts[f"{name}-{target}"] for target in TARGETS})
    return {target: count for target, count in totals.most_common() if count}
