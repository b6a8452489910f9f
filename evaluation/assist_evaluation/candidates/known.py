"""Answers whose worth is known: the right ones, right ones of other tasks, and none.

They are controls. An evaluation that cannot tell these apart can tell nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from assist_evaluation.answers import EvalAnswer
from assist_evaluation.candidates.spec import KnownAnswer
from assist_evaluation.candidates.typist import KeySuggestion, type_block
from assist_evaluation.mining.sampling import seeded_random
from assist_evaluation.tasks import EvalTask, TaskTexts


class KnownCandidate:
    """Answers from the texts of the tasks themselves."""

    def __init__(self, kind: KnownAnswer, tasks: Sequence[EvalTask], texts: Mapping[str, TaskTexts]) -> None:
        self._kind = kind
        self._tasks = tasks
        self._texts = texts

    async def open(self) -> None:
        """Nothing is needed."""

    async def answer(self, task: EvalTask, texts: TaskTexts) -> EvalAnswer:
        """The answer of a task, or of another one of its kind, or an empty one."""
        if self._kind == "empty":
            return EvalAnswer(reason="empty", counts={"kept": 0.0, "passed": 0.0})
        if task.kind == "questions":
            return EvalAnswer(places=self._places(task, texts))
        other = texts if self._kind == "oracle" else self._other(task)
        if task.kind == "typing":
            return await self._type(texts, other)
        first = texts.before.count("\n") + 1 if self._kind == "oracle" else 1
        shown = other.truth.partition("\n")[0]
        return EvalAnswer(text=other.truth, shown=shown, first=first if task.kind == "next" else 0)

    async def close(self) -> None:
        """Nothing is held."""

    def _other(self, task: EvalTask) -> TaskTexts:
        others = [one for one in self._tasks if one.kind == task.kind and one.id != task.id]
        known = [self._texts[other.id] for other in others if other.id in self._texts]
        return seeded_random(1, task.id).choice(known) if known else replace(self._texts[task.id], truth="?")

    def _places(self, task: EvalTask, texts: TaskTexts) -> tuple[str, ...]:
        """The right file first, or a drawn order of it and nine others."""
        paths = sorted({task.path for task in self._tasks if task.kind == "questions"} - {texts.truth})
        rng = seeded_random(1, task.id)
        drawn = [texts.truth, *rng.sample(paths, min(9, len(paths)))]
        if self._kind == "shuffled":
            rng.shuffle(drawn)
        return tuple(drawn)

    async def _type(self, texts: TaskTexts, other: TaskTexts) -> EvalAnswer:
        """The rest of the line at every key; of shuffled answers, one in four is the right one by chance."""
        rng = seeded_random(1, texts.truth)

        async def suggest(typed: str, _: bool) -> KeySuggestion:
            right = self._kind == "oracle" or rng.random() < 0.25
            rest = texts.truth[len(typed) :] if right else other.truth[len(typed) % 7 :]
            return KeySuggestion(rest.partition("\n")[0])

        log = await type_block(texts.truth, suggest)
        return EvalAnswer(counts=log.counts(len(texts.truth)))
