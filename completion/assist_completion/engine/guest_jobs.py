"""The jobs of another program's engine, on the thread of ours: below all that its own user waits for.

Their prompts are guests of the prefix cache. This module knows lanes only.
"""

from assist_completion.inference.generation import Model, TokenSource
from assist_completion.inference.worker import Job, Lane, Worker


class GuestJobs:
    """Gives an engine's jobs to a worker that belongs to another one. Event loop only."""

    def __init__(self, worker: Worker[Model]) -> None:
        self._worker = worker
        self._given: dict[Job[TokenSource], Job[Model]] = {}

    def submit(self, job: Job[TokenSource]) -> None:
        """Queue a job, for guests: in their lane if someone waits for it, else in the lowest."""
        lane = Lane.GUEST if job.lane is Lane.VISIBLE else Lane.WARM
        inner_job = Job[Model](lane, lambda model: job.run(model.for_guests), job.resumable, job.done)
        self._given = {outer: inner for outer, inner in self._given.items() if not outer.done.done()}
        self._given[job] = inner_job
        self._worker.submit(inner_job)

    def cancel(self, job: Job[TokenSource]) -> None:
        """Stop a job, whether it runs or waits."""
        if job in self._given:
            self._worker.cancel(self._given[job])

    def close(self, timeout: float = 2.0) -> None:
        """Stop what was given. The thread goes on for whom it belongs to."""
        del timeout
        for job in self._given.values():
            self._worker.cancel(job)
        self._given.clear()
