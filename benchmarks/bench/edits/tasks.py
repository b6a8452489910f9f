"""Tasks for edits: a file of 100 to 300 lines, a function in it, a wish, and a program that judges.

Files are made of functions of HumanEval, which come with tests. It knows no model and no prompt.
"""

import ast
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from bench.edits.own_functions import FUNCTIONS, MISTAKES
from bench.edits.refactorings import refactorings
from bench.infilling.tasks import passes
from bench.routing.tasks import FunctionProblem, break_body

LINES = 110  # at least, of a file
PATH = "shop/functions.py"


@dataclass(frozen=True, slots=True)
class EditTask:
    """One wish about lines `first` to `last` of a file, counted from 1. `judge` takes the file's new text.

    `group` is the problem: outcomes of its tasks depend on each other.
    """

    id: str
    kind: str  # "fix" or "refactor", which is also the command
    recipe: str
    group: str
    name: str
    text: str
    first: int
    last: int
    words: str
    judge: Callable[[str], bool] = field(repr=False)

    @property
    def files(self) -> dict[str, str]:
        """The workspace: the file alone."""
        return {PATH: self.text}

    @property
    def target(self) -> str:
        """The code in question, as a user writes it."""
        return f"{PATH}:{self.first}"

    @property
    def code(self) -> str:
        """The function in question."""
        return "".join(self.text.splitlines(keepends=True)[self.first - 1 : self.last])

    def with_code(self, code: str) -> str:
        """The file with other code in the function's place."""
        lines = self.text.splitlines(keepends=True)
        return "".join([*lines[: self.first - 1], code.rstrip("\n") + "\n", *lines[self.last :]])


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is asked of a problem's function, as it is in the file, and how the new code must look."""

    kind: str
    recipe: str
    problem: FunctionProblem
    text: str
    words: str
    check: Callable[[ast.Module], bool]


def fixes(known: Sequence[FunctionProblem], count: int, seed: int) -> Iterator[EditTask]:
    """Yield functions with one token changed, so that their tests fail."""
    rng = random.Random(seed)
    made = 0
    for problem in rng.sample(list(known), len(known)):
        broken = break_body(problem, rng, passes) if made < count else ""
        if broken:
            made += 1
            words = f"{problem.name} gives wrong results. Find the mistake."
            yield _task(_Wish("fix", "token", problem, broken, words, lambda _: True), known, rng)


def refactors(known: Sequence[FunctionProblem], count: int, seed: int) -> Iterator[EditTask]:
    """Yield refactorings, about equally many of each recipe."""
    rng = random.Random(seed)
    by_recipe: dict[str, list[_Wish]] = {}
    for problem in rng.sample(list(known), len(known)):
        for each in refactorings(problem.name, problem.text):
            wish = _Wish("refactor", each.recipe, problem, problem.text, each.words, each.check)
            by_recipe.setdefault(each.recipe, []).append(wish)
    made = 0
    while made < count and any(by_recipe.values()):
        for left in by_recipe.values():
            if left and made < count:
                made += 1
                yield _task(left.pop(), known, rng)


def _task(wish: _Wish, known: Sequence[FunctionProblem], rng: random.Random) -> EditTask:
    above, below = _neighbours(wish.problem, known, rng)
    return _place(wish, above, below)


def _place(wish: _Wish, above: str, below: str) -> EditTask:
    """The task for a function with these texts above and below it in its file."""
    problem = wish.problem
    first = above.count("\n") + 1
    tail = below.count("\n")

    def judge(after: str) -> bool:
        lines = after.splitlines(keepends=True)
        try:
            tree = ast.parse("".join(lines[first - 1 : len(lines) - tail]))
        except (SyntaxError, ValueError):
            return False
        return wish.check(tree) and passes(f"{after}\n\n{problem.test}")

    return EditTask(
        f"{wish.kind}/{wish.recipe}/{problem.id}",
        wish.kind,
        wish.recipe,
        problem.id,
        problem.name,
        f"{above}{wish.text}\n{below}",
        first,
        first + wish.text.count("\n"),
        wish.words,
        judge,
    )


def own_fixes() -> Iterator[EditTask]:
    """Yield the functions of our own, each with its mistake, in their file."""
    for problem, above, below in _own_problems():
        right, wrong, _ = MISTAKES[problem.name]
        words = f"{problem.name} gives wrong results. Find the mistake."
        broken = problem.text.replace(right, wrong)
        yield _place(_Wish("fix", "own", problem, broken, words, lambda _: True), above, below)


def own_refactors() -> Iterator[EditTask]:
    """Yield the refactorings that apply to the functions of our own, in their file."""
    for problem, above, below in _own_problems():
        for each in refactorings(problem.name, problem.text):
            wish = _Wish("refactor", each.recipe, problem, problem.text, each.words, each.check)
            yield _place(wish, above, below)


def _own_problems() -> Iterator[tuple[FunctionProblem, str, str]]:
    """Yield each function of our own, and what is above and below it."""
    file = FUNCTIONS.lstrip("\n")
    lines = file.splitlines(keepends=True)
    for node in ast.parse(file).body:
        if isinstance(node, ast.FunctionDef):
            last = node.end_lineno or node.lineno
            above = "".join(lines[: node.lineno - 1])
            below = "".join(lines[last:])
            text = "".join(lines[node.lineno - 1 : last]).rstrip("\n")
            test = "\n".join(f"assert {each}" for each in MISTAKES[node.name][2])
            docs = ast.get_docstring(node) or ""
            yield FunctionProblem(f"own/{node.name}", node.name, "", text, "", docs, test), above, below


def _neighbours(
    problem: FunctionProblem, known: Sequence[FunctionProblem], rng: random.Random
) -> tuple[str, str]:
    """The text above and below the function in its file: imports, and other functions."""
    others: list[FunctionProblem] = []
    lines = problem.text.count("\n")
    for each in rng.sample(list(known), len(known)):
        if lines >= LINES:
            break
        if each.name != problem.name and each.name not in problem.text and each.name not in problem.above:
            others.append(each)
            lines += each.text.count("\n") + 3
    place = rng.randint(0, len(others))
    heads = dict.fromkeys(each.above for each in (problem, *others) if each.above)
    above = "\n".join(heads) + "\n\n\n" + "".join(f"{each.text}\n\n\n" for each in others[:place])
    below = "".join(f"\n\n{each.text}\n" for each in others[place:])
    return above.lstrip("\n"), below
