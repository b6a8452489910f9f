"""One run: candidates are asked about tasks in rounds, until all is asked or the time is up.

Every answer is kept at once. What an earlier run asked is not asked again.
"""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from assist_evaluation.answers import EvalAnswer, EvalCandidate
from assist_evaluation.candidates.spec import CandidateSpec
from assist_evaluation.running.bodies import BodyJudge
from assist_evaluation.running.machine import is_disturbed, processor_times
from assist_evaluation.running.store import AnswerStore, version_for
from assist_evaluation.tasks import EvalTask, TaskKind, TaskTexts
from assist_server.errors import EXPECTED, UserError

FAILURES = 3  # in a row, after which a candidate is asked no more: its server or its key is the reason
FAIR = 1.6  # times its share of the time; a model of three times the size takes about that much
BODIES_SHARE = 0.35  # of the time may go into finding bodies that tests can judge


# Tasks of a kind in a round. A round takes about a minute with a small model on two cores, so that loading it
# (a second) costs little and three rounds fit into a few minutes.
CHUNKS: Mapping[TaskKind, int] = {
    "lines": 12,
    "typing": 1,
    "bodies": 3,
    "edits": 2,
    "next": 4,
    "questions": 30,
}


@dataclass(frozen=True, slots=True)
class EvalPlan:
    """What is asked. `versions` belong to the candidates' labels. `seconds` bounds the whole run."""

    tasks: Sequence[EvalTask]
    texts: Mapping[str, TaskTexts]
    candidates: Sequence[CandidateSpec]
    versions: Mapping[str, str]
    seconds: float


@dataclass(frozen=True, slots=True)
class EvalPosition:
    """How far a run is. `ends_in` is in seconds, by the pace so far and at most what the run may take."""

    done: int
    total: int
    ends_in: float
    doing: str


@dataclass(slots=True)
class EvalOutcome:
    """What came of a run: answers by task and candidate, tasks that were left out, and what went wrong."""

    answers: dict[tuple[str, str], EvalAnswer] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    asked: int = 0
    disturbed: int = 0
    complete: bool = False


class EvalRun:
    """Owns the course of one run. `show` hears of each step."""

    def __init__(
        self,
        plan: EvalPlan,
        make: Callable[[CandidateSpec], EvalCandidate],
        store: AnswerStore,
        judge: BodyJudge | None,
        show: Callable[[EvalPosition], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan = plan
        self._make = make
        self._store = store
        self._judge = judge
        self._tests = judge.words if judge is not None else ""
        self._show = show
        self._clock = clock
        self._start = clock()
        self._dropped: set[str] = set()
        self._failures: Counter[str] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._stopped = False
        self._waited = False
        self._fair = True
        self._judging = 0.0
        self._done = 0
        self._total = sum(task.kind in spec.kinds for task in plan.tasks for spec in plan.candidates)
        self.outcome = EvalOutcome()

    async def run(self) -> EvalOutcome:
        """Ask until the end. The outcome so far is in `outcome` too, also if this is cancelled."""
        try:
            asked = []
            for tasks in rounds(self._plan.tasks):
                asked.append([task for task in tasks if await self._is_accepted(task)])
                await self._ask_all(asked[-1])
                if self._is_over():
                    return self.outcome
            self._fair = False  # the others have all answered, so those that waited get the rest of the time
            for again in asked if self._waited else ():
                await self._ask_all(again)
            self.outcome.complete = not self._is_over()
            return self.outcome
        finally:
            self._stopped = True  # what still runs on a thread ends

    async def _ask_all(self, tasks: Sequence[EvalTask]) -> None:
        for spec in self._plan.candidates:
            await self._ask(spec, [task for task in tasks if task.kind in spec.kinds])

    def _is_over(self) -> bool:
        return self._stopped or self._clock() - self._start >= self._plan.seconds

    async def _is_accepted(self, task: EvalTask) -> bool:
        """Whether a task can be judged. Bodies are tried while there is time for that."""
        texts = self._plan.texts.get(task.id)
        if texts is None:
            return self._leave_out(task, "its commit or its file is gone, or a rule excludes the file")
        if task.kind != "bodies":
            return True
        if self._judge is None:
            return self._leave_out(task, "tests cannot run here")
        if self._judging > BODIES_SHARE * self._plan.seconds or self._is_over():
            return self._leave_out(task, "no time was left to try its tests")
        self._tell(f"trying the tests of {task.name}")
        start = self._clock()
        try:
            ask = partial(self._judge.acceptance, task, texts, self._store, self._is_over)
            found = await asyncio.to_thread(ask)
        except (*EXPECTED, OSError) as error:
            self.outcome.problems.append(str(error))
            self._judge = None
            return self._leave_out(task, "tests cannot run here")
        self._judging += self._clock() - start
        return found.accepted or self._leave_out(task, found.reason)

    def _leave_out(self, task: EvalTask, why: str) -> bool:
        self.outcome.left_out[task.id] = why
        self._total -= sum(task.kind in spec.kinds for spec in self._plan.candidates)
        return False

    def _version(self, spec: CandidateSpec, task: EvalTask) -> str:
        return version_for(task, self._plan.versions[spec.label], self._tests)

    async def _ask(self, spec: CandidateSpec, tasks: Sequence[EvalTask]) -> None:
        """Ask a candidate about the tasks that it was not asked about before."""
        label = spec.label
        fresh: list[EvalTask] = []
        for task in tasks:
            known = self._store.find(task, label, self._version(spec, task))
            if known is None:
                fresh.append(task)
            elif (task.id, label) not in self.outcome.answers:
                self.outcome.answers[task.id, label] = known
                self._done += 1
        if fresh and self._fair and self._is_ahead(label):
            self._waited = True
            return
        if not fresh or label in self._dropped or self._is_over():
            return
        start = self._clock()
        candidate = self._make(spec)
        self._tell(f"loading {label}")
        try:
            await candidate.open()
            for task in fresh:
                if self._is_over():
                    break
                await self._ask_one(spec, candidate, task)
        except (*EXPECTED, OSError) as error:
            self._dropped.add(label)
            self.outcome.problems.append(f"{label}: {error}")
        finally:
            await candidate.close()
            self._seconds[label] += self._clock() - start

    def _is_ahead(self, label: str) -> bool:
        """Whether a candidate has used so much of the time that it waits: a slow one starves no other."""
        share = sum(self._seconds.values()) / len(self._plan.candidates)
        return self._seconds[label] > FAIR * share

    async def _ask_one(self, spec: CandidateSpec, candidate: EvalCandidate, task: EvalTask) -> None:
        label = spec.label
        texts = self._plan.texts[task.id]
        self._tell(f"{label}, {task.kind}")
        start = self._clock()
        before = processor_times()
        try:
            async with asyncio.timeout(max(0.1, self._plan.seconds - (start - self._start))):
                answer = await candidate.answer(task, texts)
        except TimeoutError:  # the run's time is up; another run asks this again
            return
        if (
            answer.failed
        ):  # it says nothing about the candidate, so it is not kept, and another run asks again
            self._failures[label] += 1
            if self._failures[label] >= FAILURES:
                raise UserError(f"asked no more after {FAILURES} failures; the last one: {answer.reason}")
            return
        self._failures[label] = 0
        # Elsewhere it takes as long as it takes; a server on this machine would count as another program.
        disturbed = spec.source == "local" and is_disturbed(before, processor_times(), self._clock() - start)
        answer = replace(answer, disturbed=disturbed)
        version = self._version(spec, task)
        if task.kind == "bodies" and self._judge is not None:
            judge = partial(self._judge.judge, task, texts, answer, self._is_over)
            answer = await asyncio.to_thread(judge)
            if self._is_over():  # the tests may have been cut off
                return
        self._store.keep(task, label, version, answer)
        self.outcome.answers[task.id, label] = answer
        self.outcome.asked += 1
        self.outcome.disturbed += disturbed
        self._done += 1

    def _tell(self, doing: str) -> None:
        spent = self._clock() - self._start
        left = max(0.0, self._plan.seconds - spent)
        if self.outcome.asked:
            pace = spent / self.outcome.asked
            left = min(left, pace * max(0, self._total - self._done))
        self._show(EvalPosition(self._done, self._total, left, doing))


def rounds(tasks: Sequence[EvalTask]) -> Iterator[tuple[EvalTask, ...]]:
    """Yield the tasks of each round, in their own order, until there are none left.

    >>> kinds = [EvalTask(str(n), "lines", "", "", "", "", 1, 1) for n in range(13)]
    >>> [len(part) for part in rounds(kinds)]
    [12, 1]
    """
    by_kind: dict[TaskKind, list[EvalTask]] = {}
    for task in tasks:
        by_kind.setdefault(task.kind, []).append(task)
    at = 0
    while True:
        found = [
            task for kind, own in by_kind.items() for task in own[at * CHUNKS[kind] : (at + 1) * CHUNKS[kind]]
        ]
        if not found:
            return
        yield tuple(found)
        at += 1
