"""Tasks from functions whose bodies can be written again: those that a test names.

Whether the tests notice a wrong body is found out later, in the sandbox.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from assist_context.code.definitions import FUNCTIONS
from assist_context.code.symbols import Definition, symbols
from assist_context.documents import split_lines
from assist_context.relations.counterparts import is_test
from assist_evaluation.mining.sampling import at_most_per, seeded_random, spread, task_id
from assist_evaluation.mining.sources import MinedRepository, is_source, language_at
from assist_evaluation.tasks import EvalTask, TaskTexts

BODY_LINES = range(2, 25)  # a longer body is not written in one go
READ_FILES = 300  # files whose outlines are looked at
READ_TESTS = 400  # test files that are searched for names, those with a name like a drawn file's first
PER_FILE = 3
SHORTEST_NAME = 5  # letters: shorter names are words of every test

_HEAD_ENDS = {"indent": re.compile(r":\s*(?:#.*)?$"), "brace": re.compile(r"\{\s*(?://.*)?$")}
_NAME = re.compile(r"[^\W\d]\w*")
_STEM = re.compile(r"[._-]*(?:test|spec)s?[._-]*", re.IGNORECASE)
_SPECIAL = re.compile(r"__\w+__")


@dataclass(frozen=True, slots=True)
class Body:
    """The lines of a function's body, both from 1 and included, without docstring and closing bracket."""

    first: int
    last: int


def body_of(blocks: str, lines: Sequence[str], definition: Definition) -> Body | None:
    """The body of a function in a language whose blocks are marked by "indent" or "brace"; None if unclear.

    >>> found = Definition("f", "function", 1, 3, "def f(a)")
    >>> body_of("indent", ["def f(a):", "    b = a", "    return b"], found)
    Body(first=2, last=3)
    """
    ends = _HEAD_ENDS.get(blocks)
    if ends is None:
        return None
    depth = 0
    for number in range(definition.start_line, definition.end_line):
        line = lines[number - 1]
        depth += sum(map(line.count, "([")) - sum(map(line.count, ")]"))
        if depth == 0 and ends.search(line) and not line.lstrip().startswith(("@", "#", "//")):
            break
    else:
        return None
    first = number + 1
    last = definition.end_line
    if blocks == "brace":
        if lines[last - 1].strip() not in ("}", "},", "};", "}),", "})", "});"):
            return None
        last -= 1
    else:
        first = _below_docstring(lines, first, last)
    size = last - first + 1
    code = [line for line in lines[first - 1 : last] if line.strip()]
    return Body(first, last) if size in BODY_LINES and len(code) >= BODY_LINES.start else None


def _below_docstring(lines: Sequence[str], first: int, last: int) -> int:
    """The first line of a Python body that is not its docstring."""
    opened = re.match(r'\s*[rRuU]?("""|\'\'\')', lines[first - 1])
    if opened is None:
        return first
    if lines[first - 1].strip().count(opened[1]) > 1:
        return first + 1
    for number in range(first + 1, last + 1):
        if opened[1] in lines[number - 1]:
            return number + 1
    return last + 1


def body_tasks(
    repository: MinedRepository, files: Mapping[str, int], days: Mapping[str, str], count: int, seed: int
) -> list[EvalTask]:
    """At most `count` functions with a body and a test that names them, spread over the languages.

    `days` says when a file was last changed, as far as that is known.
    """
    paths = [path for path, size in files.items() if is_source(path, size) and not is_test(path)]
    drawn = list(spread(sorted(paths), lambda path: language_at(path).name, seed, "bodies"))[:READ_FILES]
    texts = repository.texts(repository.filter_allowed(drawn))
    found = [body for path in drawn for body in _bodies(path, texts.get(path, ""))]
    named = _names_in_tests(repository, files, drawn, seed)
    fitting = [body for body in found if body[1].name in named]
    order = spread(fitting, lambda each: language_at(each[0]).name, seed, "functions")
    return [
        EvalTask(
            task_id("bodies", repository.commit, path, definition.qualified, body.first),
            "bodies",
            repository.commit,
            "",
            path,
            language_at(path).name,
            body.first,
            body.last,
            day=days.get(path, ""),
            name=definition.qualified,
        )
        for path, definition, body in at_most_per(order, lambda each: each[0], PER_FILE)
    ][:count]


def _names_in_tests(
    repository: MinedRepository, files: Mapping[str, int], drawn: Sequence[str], seed: int
) -> set[str]:
    """The names in the test files of a repository, or in some of them if there are very many."""
    stems = {PurePosixPath(path).stem for path in drawn}
    tests = sorted(path for path, size in files.items() if is_source(path, size) and is_test(path))
    seeded_random(seed, "tests").shuffle(tests)
    tests.sort(key=lambda path: not any(part in stems for part in _STEM.split(PurePosixPath(path).stem)))
    texts = repository.texts(tests[:READ_TESTS])
    return {name for text in texts.values() for name in _NAME.findall(text)}


def _bodies(path: str, text: str) -> Iterator[tuple[str, Definition, Body]]:
    language = language_at(path)
    lines = text.split("\n")
    for definition in symbols(language, text, docs=False).definitions:
        if (
            definition.kind in FUNCTIONS
            and len(definition.name) >= SHORTEST_NAME
            and not _SPECIAL.fullmatch(definition.name)
        ):
            body = body_of(language.blocks, lines, definition)
            if body is not None:
                yield path, definition, body


def body_texts(task: EvalTask, text: str) -> TaskTexts:
    """The texts of a task: the body is gone, and the cursor is on an empty line in its place."""
    lines = split_lines(text)
    body = "".join(lines[task.first - 1 : task.last]).removesuffix("\n")
    indent = body[: len(body) - len(body.lstrip())].rpartition("\n")[2]
    before = "".join(lines[: task.first - 1]) + indent
    return TaskTexts(before, "\n" + "".join(lines[task.last :]), body.lstrip())
