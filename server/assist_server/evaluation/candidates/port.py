"""What an evaluation asks of a candidate. Tests put others in its place."""

from typing import Protocol

from assist_server.evaluation.answers import EvalAnswer
from assist_server.evaluation.tasks import EvalTask, TaskTexts


class EvalCandidate(Protocol):
    """Answers tasks, one by one, on one event loop. Between `open` and `close` it may hold a model."""

    async def open(self) -> None:
        """Get ready. Raises an error of the product with what to do if it cannot."""

    async def answer(self, task: EvalTask, texts: TaskTexts) -> EvalAnswer:
        """The answer to a task of a kind that the candidate can be asked."""

    async def close(self) -> None:
        """Give back what it holds."""
