"""The score of an answer and the numbers next to it, by kind of task, and which of two answers is better.

A wrong answer and none have the same score where nothing is gained by either.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from assist_context.code.trees.fragments import errors
from assist_context.languages import Language, language_of
from assist_evaluation.answers import EvalAnswer
from assist_evaluation.judging.texts import common_length, names_f1, similarity, statement, tokens
from assist_evaluation.tasks import EvalTask, TaskKind, TaskTexts

PLACES = 10  # of a search: what people look through
ALIKE = 0.9  # gain of an edit from which on it counts as right; below it a reader sees a difference
# The number that each kind is ranked by, and what it is in words.
MAIN: Mapping[TaskKind, tuple[str, str]] = {
    "lines": ("similarity", "how alike the line is to the one in the commit"),
    "typing": ("kept", "characters that need not be typed"),
    "bodies": ("passed", "bodies with which the repository's own tests pass"),
    "edits": ("gain", "how much closer to the commit the lines are than unchanged ones"),
    "next": ("right", "the next change at the right place, as the commit made it"),
    "questions": ("mrr", "1 divided by the rank of the right file among ten"),
}


@dataclass(frozen=True, slots=True)
class TaskScore:
    """What an answer is worth: `score` is the main number of its kind, `numbers` has all of them by name."""

    score: float
    numbers: Mapping[str, float]


def score(task: EvalTask, texts: TaskTexts, answer: EvalAnswer) -> TaskScore:
    """The score of an answer."""
    numbers = _SCORERS[task.kind](task, texts, answer)
    return TaskScore(numbers[MAIN[task.kind][0]], numbers)


def preference(kind: TaskKind, one: TaskScore, other: TaskScore) -> float:
    """1 if the first of two answers is better, 0 if the second is, 0.5 if neither: the rule of the kind.

    What counts more is compared first, such as tests before similarity.
    """
    for name in _RULES[kind]:
        difference = one.numbers.get(name, 0.0) - other.numbers.get(name, 0.0)
        if abs(difference) > _CLOSE:
            return float(difference > 0)
    return 0.5


def answered_file(texts: TaskTexts, answer: EvalAnswer) -> str:
    """The whole file with an answer in it."""
    return answer.file or texts.fill(answer.text)


def is_right(kind: TaskKind, found: TaskScore) -> bool:
    """Whether an answer would do as it is, which is what the router predicts."""
    if kind == "edits":
        return found.numbers["gain"] >= ALIKE and found.numbers["parses"] > 0
    return found.score >= 1.0


_CLOSE = 0.02  # smaller differences of a number are none: a character of a line
_RULES: Mapping[TaskKind, tuple[str, ...]] = {
    "lines": ("exact", "similarity"),
    "typing": ("kept",),
    "bodies": ("passed", "similarity"),
    "edits": ("exact", "similarity"),
    "next": ("right", "place", "similarity"),
    "questions": ("mrr",),
}


def _lines(task: EvalTask, texts: TaskTexts, answer: EvalAnswer) -> dict[str, float]:
    language = _language(task)
    truth = statement(language, texts.truth)
    text = statement(language, answer.text)
    shown = answer.shown
    right = common_length(shown, texts.truth + texts.after)
    return {
        "exact": float(bool(text.strip()) and tokens(text) == tokens(truth)),
        "similarity": similarity(text, truth) if text.strip() else 0.0,
        "names": names_f1(text, truth) if text.strip() else 0.0,
        "shown": float(bool(shown)),
        "kept": min(right, len(truth)) / max(1, len(truth)),
        "wrong": float(bool(shown) and right < len(shown.rstrip())),
    }


def _typing(_: EvalTask, __: TaskTexts, answer: EvalAnswer) -> dict[str, float]:
    return {"kept": 0.0, **answer.counts}


def _bodies(task: EvalTask, texts: TaskTexts, answer: EvalAnswer) -> dict[str, float]:
    text, _, truth = changed_parts(texts, answer)
    return {
        "passed": answer.counts.get("passed", 0.0),
        "similarity": similarity(text, truth) if text.strip() else 0.0,
        "parses": _parses(task, texts, answer),
    }


def _edits(task: EvalTask, texts: TaskTexts, answer: EvalAnswer) -> dict[str, float]:
    """Similarity alone would praise doing nothing, so the main number is what is gained over that."""
    answered = not answer.reason
    text, old, truth = changed_parts(texts, answer)
    nothing = similarity(old, truth)
    alike = similarity(text, truth) if answered else 0.0
    return {
        "exact": float(answered and tokens(text) == tokens(truth)),
        "gain": max(0.0, (alike - nothing) / (1 - nothing)) if answered and nothing < 1 else 0.0,
        "similarity": alike,
        "parses": _parses(task, texts, answer) if answered else 0.0,
    }


def changed_parts(texts: TaskTexts, answer: EvalAnswer) -> tuple[str, str, str]:
    """What an answer has in the hole, what was there, what belongs there; all as far as an edit reaches."""
    if not answer.file:
        return answer.text, texts.old, texts.truth
    asked = texts.asked
    right = texts.fill(texts.truth)
    first = min(len(texts.before), common_length(answer.file, texts.before))
    most = min(len(texts.after), *(len(file) - first for file in (answer.file, right, asked)))
    last = common_length(answer.file[::-1][:most], texts.after[::-1][:most])
    return tuple(file[first : len(file) - last] for file in (answer.file, asked, right))  # type: ignore[return-value]


def _next(_: EvalTask, texts: TaskTexts, answer: EvalAnswer) -> dict[str, float]:
    place = float(not answer.reason and answer.first == texts.before.count("\n") + 1)
    alike = similarity(answer.text, texts.truth) if not answer.reason else 0.0
    right = float(bool(place) and tokens(answer.text) == tokens(texts.truth))
    return {"right": right, "place": place, "similarity": alike}


def _questions(_: EvalTask, texts: TaskTexts, answer: EvalAnswer) -> dict[str, float]:
    places = list(dict.fromkeys(answer.places))[:PLACES]
    rank = places.index(texts.truth) + 1 if texts.truth in places else 0
    return {"mrr": 1 / rank if rank else 0.0, "found": float(bool(rank))}


def _parses(task: EvalTask, texts: TaskTexts, answer: EvalAnswer) -> float:
    """1 if an answer adds no parse error to the file, 0 if it does or the file cannot be parsed."""
    language = _language(task)
    now = errors(language, answered_file(texts, answer))
    best = errors(language, texts.fill(texts.truth))
    return float(now is not None and best is not None and now <= best)


def _language(task: EvalTask) -> Language:
    return language_of(task.path)


_SCORERS: Mapping[TaskKind, Callable[[EvalTask, TaskTexts, EvalAnswer], dict[str, float]]] = {
    "lines": _lines,
    "typing": _typing,
    "bodies": _bodies,
    "edits": _edits,
    "next": _next,
    "questions": _questions,
}
