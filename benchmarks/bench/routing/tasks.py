"""Requests with a known right answer, made from HumanEval's functions: write a body, or fix a broken one.

Several functions are joined into longer files, in one file or two, so that requests differ in the features
that a router reads. The problem's own tests judge an answer. It knows no model and no weights.
"""

import ast
import io
import random
import re
import textwrap
import tokenize
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from assist_escalation.prompts import Messages
from assist_escalation.routing.features import BYTES_PER_TOKEN, RequestFacts
from bench.infilling.tasks import load, passes

WINDOW = 4096  # the most tokens that the local model reads
SHAPES = ("write",) * 6 + ("write two",) * 3 + ("fix",) * 4 + ("fix with tests",) * 3
OTHERS = (0, 0, 0, 1, 2)  # functions next to the wanted ones; few, because long prompts take longest to label
SHOWN_TESTS = 6
SYSTEM = (
    "You change Python code. Answer with one fenced Python block that holds the complete functions "
    "asked for, without docstrings and comments, and nothing else."
)
# One token of the body is replaced with a similar one, as in a typing mistake.
SLIPS = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "+": "-", "-": "+", "*": "+",
    "//": "%", "%": "//", "and": "or", "or": "and", "True": "False", "False": "True", "+=": "-=",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FunctionProblem:
    """A function of the data set: the text above it, the function with and without body, and its tests."""

    id: str
    name: str
    above: str
    text: str
    head: str  # the signature
    docs: str
    test: str


@dataclass(frozen=True, slots=True)
class RoutingRequest:
    """One task: the request, the facts that a router may use, and the program that judges an answer."""

    id: str
    group: str  # the problem; outcomes of its tasks depend on each other
    shape: str
    ask: RequestFacts
    messages: Messages
    names: tuple[str, ...]
    frame: str  # the file without the wanted functions
    test: str

    def program(self, code: str) -> str:
        return f"{self.frame}\n\n{code}\n\n{self.test}"


def problems(folder: Path) -> list[FunctionProblem]:
    """Return every function of the data set, complete again."""
    found: dict[str, FunctionProblem] = {}
    for task in load(folder, "single", None, 1):
        if task.problem not in found:
            entry = re.findall(r"^check\((\w+)\)$", task.test, re.MULTILINE)[-1]
            file = task.before + task.hole + task.after
            found[task.problem] = _problem(task.problem, entry, file, task.test)
    return list(found.values())


def _problem(name: str, entry: str, file: str, test: str) -> FunctionProblem:
    lines = file.splitlines(keepends=True)
    node = next(
        each for each in ast.parse(file).body if isinstance(each, ast.FunctionDef) and each.name == entry
    )
    docs = ast.get_docstring(node) or ""
    return FunctionProblem(
        id=name,
        name=entry,
        above="".join(lines[: node.lineno - 1]).strip("\n"),
        text="".join(lines[node.lineno - 1 : node.end_lineno]).rstrip("\n"),
        head="".join(lines[node.lineno - 1 : node.body[0].lineno - 1]).rstrip("\n"),
        docs=docs,
        test=test,
    )


def requests(
    known: Sequence[FunctionProblem], count: int, seed: int, run: Callable[[str], bool] = passes
) -> list[RoutingRequest]:
    """Return `count` requests in random order, each problem about equally often; the same ones for a seed."""
    rng = random.Random(seed)
    order: list[FunctionProblem] = []
    made: list[RoutingRequest] = []
    for number in range(count):
        if not order:
            order = rng.sample(list(known), len(known))
        made.append(_request(number, order.pop(), known, rng, run))
    return made


def _request(
    number: int,
    wanted: FunctionProblem,
    known: Sequence[FunctionProblem],
    rng: random.Random,
    run: Callable[[str], bool],
) -> RoutingRequest:
    shape = rng.choice(SHAPES)
    beside = [each for each in known if each.name != wanted.name]
    drawn = rng.sample(beside, 1 + rng.choice(OTHERS))
    targets = [wanted, drawn[0]] if shape == "write two" else [wanted]
    others = drawn[1:]
    files = rng.choice((1, 2)) if drawn[1:] else 1
    broken = break_body(wanted, rng, run) if shape.startswith("fix") else ""
    if shape.startswith("fix") and not broken:
        shape = "write"
    texts = [broken] if broken else [f"{each.head}\n    raise NotImplementedError" for each in targets]
    asserts = [line.strip() for line in wanted.test.splitlines() if line.lstrip().startswith("assert")]
    tests = asserts[:SHOWN_TESTS] if shape == "fix with tests" else []
    words = _words(shape, targets)
    user = _user(texts, targets, others, files) + _test_lines(tests) + f"\n\n{words}"
    context = len((SYSTEM + user).encode()) / BYTES_PER_TOKEN
    return RoutingRequest(
        id=f"{shape}/{number}/{wanted.id}",
        group=wanted.id,
        shape=shape,
        ask=RequestFacts(
            command="fix" if broken else "refactor",
            words=words,
            files=files,
            symbols=len(targets) + len(others),
            fan_out=sum(map(_calls, texts)),
            edit_lines=sum(text.count("\n") + 1 for text in texts),
            context_tokens=round(context),
            local_window=WINDOW,
            diagnostics=len(tests),
        ),
        messages=Messages(SYSTEM, user),
        names=tuple(each.name for each in targets),
        frame="\n\n".join([each.above for each in (*targets, *others)] + [each.text for each in others]),
        test="\n\n".join(each.test for each in targets),
    )


def _words(shape: str, targets: Sequence[FunctionProblem]) -> str:
    """Return what a person would write. For a new function the file holds only the signature."""
    names = " and ".join(each.name for each in targets)
    if shape.startswith("fix"):
        return f"{names} gives wrong results. Find the mistake and mend it."
    return f"Write {names}.\n" + "\n".join(each.docs for each in targets)


def _user(
    texts: Sequence[str], targets: Sequence[FunctionProblem], others: Sequence[FunctionProblem], files: int
) -> str:
    here = [each.above for each in targets if each.above] + list(texts)
    there = [part for each in others for part in (each.above, each.text) if part]
    if files == 1:
        return _block("program.py", [*there, *here])
    return _block("library.py", there) + "\n\n" + _block("program.py", here)


def _block(path: str, parts: Sequence[str]) -> str:
    return f"{path}:\n```python\n" + "\n\n\n".join(parts) + "\n```"


def _test_lines(tests: Sequence[str]) -> str:
    return "\n\nThese must hold:\n" + "\n".join(tests) if tests else ""


def _calls(text: str) -> int:
    """Count the different names that a function calls."""
    calls = (each.func for each in ast.walk(ast.parse(textwrap.dedent(text))) if isinstance(each, ast.Call))
    return len({each.attr if isinstance(each, ast.Attribute) else getattr(each, "id", "") for each in calls})


def break_body(problem: FunctionProblem, rng: random.Random, run: Callable[[str], bool]) -> str:
    """Return the function with one token changed so that its tests fail; "" if no change does that."""
    below = problem.head.count("\n") + problem.docs.count("\n") + 1
    found = tokenize.generate_tokens(io.StringIO(problem.text).readline)
    places = [each for each in found if each.start[0] > below and _slip(each.string)]
    for token in rng.sample(places, min(4, len(places))):
        lines = problem.text.split("\n")
        line = lines[token.start[0] - 1]
        lines[token.start[0] - 1] = line[: token.start[1]] + _slip(token.string) + line[token.end[1] :]
        text = "\n".join(lines)
        try:
            ast.parse(text)
        except SyntaxError:
            continue
        if not run(f"{problem.above}\n\n{text}\n\n{problem.test}"):
            return text
    return ""


def _slip(token: str) -> str:
    return str(int(token) + 1) if token.isdecimal() and len(token) < 6 else SLIPS.get(token, "")


def code_of(answer: str) -> str:
    """Return the code of an answer: its longest fenced block, closed or not, else all of it.

    >>> code_of("Here:\\n```python\\nx = 1\\n```\\nDone")
    'x = 1\\n'
    """
    blocks = re.findall(r"```[^\n]*\n(.*?)(?:```|\Z)", answer, re.DOTALL)
    return max(blocks, key=len) if blocks else answer


def fits(code: str, names: Sequence[str]) -> tuple[bool, bool]:
    """Return whether the code can be parsed, and whether it defines every requested function."""
    try:
        body = ast.parse(code).body
    except (SyntaxError, ValueError):
        return False, False
    return True, set(names) <= {each.name for each in body if isinstance(each, ast.FunctionDef)}
