"""What a candidate answers to a task, and what that took; and what is asked of a candidate.

Numbers and texts only; it judges nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from assist_evaluation.tasks import EvalTask, TaskTexts


@dataclass(frozen=True, slots=True)
class EvalAnswer:
    """One answer of one candidate.

    `text` belongs into the task's hole, or with `first` above 0 into the file from that line on (from 1).
    `file` is the whole file with an edit, "" if the answer is not an edit.
    `shown` is what of ghost text would be shown. `places` are the files that a search found, best first.
    `reason` says why there is no answer, "" if there is one. `confidence` is how likely the candidate thinks
    that it is right, None if it does not say. `counts` are further numbers, by name. `disturbed`: other
    programs used the machine meanwhile, so `ms` says little. `failed`: the way to the candidate failed, such
    as a network, a budget or a rule, so that `reason` says nothing about the candidate itself.
    """

    text: str = ""
    shown: str = ""
    file: str = ""
    places: tuple[str, ...] = ()
    first: int = 0
    reason: str = ""
    confidence: float | None = None
    ms: float = 0.0
    tokens_read: int = 0
    tokens_written: int = 0
    cost_micro: int = 0
    counts: Mapping[str, float] = field(default_factory=dict)
    disturbed: bool = False
    failed: bool = False


class EvalCandidate(Protocol):
    """Answers tasks, one by one, on one event loop. Between `open` and `close` it may hold a model."""

    async def open(self) -> None:
        """Get ready. Raises an error of the product with what to do if it cannot."""

    async def answer(self, task: EvalTask, texts: TaskTexts) -> EvalAnswer:
        """The answer to a task of a kind that the candidate can be asked."""

    async def close(self) -> None:
        """Give back what it holds."""
