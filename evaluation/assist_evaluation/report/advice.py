"""What to do after a run, in sentences: which model to take for ghost text, and what of the threshold.

It reads what `judging` found and computes no figure of its own but how long a clearer answer would take.
"""

import math
from collections.abc import Sequence

from assist_evaluation.candidates.spec import CandidateSpec, parse_candidate
from assist_evaluation.judging.summary import CandidateKind, RunSummary
from assist_evaluation.judging.verdicts import ALIKE
from assist_evaluation.tasks import TaskKind
from assist_server.errors import UserError

WRITERS = ("local", "server")  # who can write ghost text
GHOST_KINDS: tuple[TaskKind, ...] = ("lines", "typing")  # what tells most about it, first
EDIT_KINDS: tuple[TaskKind, ...] = ("edits", "bodies")
FEW = 20  # tasks: with fewer, not even a large difference is certain
THRESHOLD = "For the threshold below which a provider is asked"
OVERHEAD = 1.5  # of a task's median time: loading, the slow tasks, and the rounds


def advice(found: RunSummary) -> list[str]:
    """Which candidate to take for ghost text, or what would tell; and what the run says of the threshold."""
    return [*_ghost_text(found), _threshold(found)]


def _ghost_text(found: RunSummary) -> list[str]:
    for kind in GHOST_KINDS:
        asked = [row for row in found.kinds if row.kind == kind and _is_writer(row.candidate)]
        labels = {row.candidate for row in asked}
        # The same model without other files shows what these are worth; it is no choice of its own.
        rows = [
            row
            for row in asked
            if row.candidate.replace(",context=off", "", 1) not in labels - {row.candidate}
        ]
        if rows:
            return _choice(kind, sorted(rows, key=lambda row: -row.mean), found)
    return ["For ghost text: nothing, since no model was asked to write it."]


def _choice(kind: TaskKind, rows: Sequence[CandidateKind], found: RunSummary) -> list[str]:
    """The choice among candidates, the best mean first."""
    best = rows[0]
    if len(rows) == 1:
        return [
            f"For ghost text: only {best.candidate} was asked. `assist models list` has others; with one of "
            "them here, `assist eval` compares the two."
        ]
    beaten = {
        difference.other if difference.one == best.candidate else difference.one
        for difference in found.differences
        if difference.kind == kind
        and best.candidate in (difference.one, difference.other)
        and difference.found.verdict != ALIKE
    }
    others = [row for row in rows[1:] if row.candidate not in beaten]
    if not others:
        return [f"For ghost text: take {_words_of(best)}. It is better here than all others that were asked."]
    fastest = min((best, *others), key=lambda row: row.ms_p50)
    names = " and ".join(row.candidate for row in (best, *others))
    told = f"For ghost text: {best.tasks:,} {kind} are too few to tell {names} apart. The fastest is "
    return [f"{told}{_words_of(fastest)}.", *_what_would_tell(kind, best, others, found)]


def _words_of(row: CandidateKind) -> str:
    """A candidate with its time, and the command that chooses it."""
    spec = _spec(row.candidate)
    is_plain = spec is not None and row.candidate == f"local:{spec.name}"
    command = f", `assist models use {spec.name}`" if spec is not None and is_plain else ""
    return f"{row.candidate} ({row.ms_p50:,.0f} ms at the median{command})"


def _what_would_tell(
    kind: TaskKind, best: CandidateKind, others: Sequence[CandidateKind], found: RunSummary
) -> list[str]:
    """How many tasks would tell the best from the next, and the command that asks them; else nothing."""
    pair = {best.candidate, others[0].candidate}
    needed = max(
        (
            difference.found.needed
            for difference in found.differences
            if difference.kind == kind and {difference.one, difference.other} == pair
        ),
        default=0,
    )
    if needed <= best.tasks:
        return []
    one, other = (f"-c {row.candidate}" for row in (best, others[0]))
    minutes = math.ceil(OVERHEAD * needed * (best.ms_p50 + others[0].ms_p50) / 60_000) + 1
    return [
        f"About {needed:,} {kind} would tell {best.candidate} from {others[0].candidate}: "
        f"`assist eval run --kinds {kind} --count {needed} --minutes {minutes} {one} {other}`."
    ]


def _threshold(found: RunSummary) -> str:
    rows = [row for row in found.kinds if row.kind in EDIT_KINDS and _source(row.candidate) == "provider"]
    if not rows:
        return f"{THRESHOLD}: keep it, since no provider was asked here."
    tasks = sum(row.tasks for row in rows)
    if tasks < FEW:
        return f"{THRESHOLD}: keep it, since {tasks:,} answers of a provider are too few."
    return f"{THRESHOLD}: `assist eval fit` says what each one would do on these tasks."


def _is_writer(label: str) -> bool:
    spec = _spec(label)
    return spec is not None and spec.source in WRITERS and not spec.answers


def _source(label: str) -> str:
    spec = _spec(label)
    return spec.source if spec is not None else ""


def _spec(label: str) -> CandidateSpec | None:
    """The candidate of a label; None for one of another version."""
    try:
        return parse_candidate(label)
    except UserError:
        return None
