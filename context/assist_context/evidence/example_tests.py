"""The tests that new tests are written like: of the same code, else the most alike of its module.

What is in a folder of tests without being one, such as an application that they run, is not an example. This
module reads the index and files through a corpus, and writes nothing.
"""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import PurePosixPath

from assist_context.evidence.call_graph import TargetLines, apart, enclosing, join_spans, uses
from assist_context.index.reader import IndexedDefinition
from assist_context.index.terms import terms
from assist_context.relations.counterparts import ABOVE, begins_test, has_tests, is_test, siblings
from assist_context.relations.path_index import sort_by_distance
from assist_context.retrieval.candidates import Candidate
from assist_context.retrieval.corpus import Corpus

TEST_LINES = 40  # of a test that is shown
HEAD_LINES = 20  # above the first definition of a test file: its imports
FIRST_TESTS = 60  # lines of a test file that does not use the code in question
ALIKE = 2  # tests that are shown of a long file, those with the most alike names
NEAREST = 20  # files of tests that are looked at, where no test belongs to the code

_BARE = re.compile(r"\s*(?:class\s|#\[|@|\[)")  # these say no test's name in their own line
_CLASS = re.compile(r"\s*class\s")
_NO_NAME = frozenset({"test", "def", "fn", "func", "it", "self", "async", "function", "public", "void"})


def existing_tests(
    corpus: Corpus, subjects: Sequence[IndexedDefinition], target: TargetLines | None
) -> Iterator[Candidate]:
    """The tests of the subjects file by file, each with its head: new tests are written like them.

    Files that use a subject come first, then those that belong to its file by their names; of these, the
    tests with the most alike names are shown. Without any, the nearest file of tests in the same language
    shows how they are written here. Where all of it is too long, fewer of the tests follow.
    """
    functions = _tests_that_use(corpus, subjects)
    own = [target.path] if target else []
    names = [subject.name for subject in subjects]
    paths = dict.fromkeys((*own, *(subject.path for subject in subjects)))
    same = [test for path in paths for test in tests_beside(corpus, path)]
    examples = dict.fromkeys((*same, *functions)) or _example_tests(corpus, target, names)
    for path in sorted(examples, key=lambda each: (each not in functions, each not in same)):
        lines = corpus.lines(path)
        outline = corpus.outline(path)
        first = min((definition.start_line for definition in outline), default=1) - 1
        head = set(range(1, min(first, HEAD_LINES) + 1))
        if functions_used := functions.get(path):
            yield Candidate(path, join_spans({*head, *functions_used}), "test", corpus)
        elif len(lines) <= FIRST_TESTS:
            yield Candidate(path, join_spans(range(1, len(lines) + 1)), "test", corpus)
        alike = most_alike(lines, names)
        for tests in _fewer_and_fewer(alike):
            yield Candidate(path, join_spans({*head, *tests}), "test", corpus)
        for tests in alike:
            yield Candidate(path, join_spans(tests), "test", corpus)


def _tests_that_use(corpus: Corpus, subjects: Sequence[IndexedDefinition]) -> dict[str, set[int]]:
    """The lines of the tests that use the subjects, by file."""
    functions: dict[str, set[int]] = {}
    for subject in subjects:
        for site in apart(corpus, uses(corpus, subject))[1]:
            if not has_tests(corpus.lines(site.path)):
                continue
            around = enclosing(corpus.outline(site.path), site.line)
            if around:
                last = min(around.end_line, around.start_line + TEST_LINES - 1)
                functions.setdefault(site.path, set()).update(range(around.start_line, last + 1))
    return functions


def tests_beside(corpus: Corpus, path: str) -> list[str]:
    """The files of tests that belong to a file by their names; in Rust also its module's and itself."""
    files = corpus.files()
    beside = [test for test in siblings(files, path) if is_test(test)]
    if path.endswith(".rs"):
        folder = PurePosixPath(path).parent
        modules = (folder / PurePosixPath(path).stem / "tests.rs", folder / "tests.rs")
        beside += [path, *(str(module) for module in modules if str(module) in files.paths)]
    return [test for test in dict.fromkeys(beside) if has_tests(corpus.lines(test))]


def most_alike(lines: Sequence[str], names: Sequence[str]) -> list[set[int]]:
    """The lines of the tests whose names are most like one of these, the most alike first.

    >>> tests = ["def test_to_cents():\\n", "    pass\\n", "def test_parse():\\n", "    pass\\n"]
    >>> most_alike(tests, ["parse_text"])[0]
    {3, 4}
    """
    tests = sorted(_named_tests(lines, names), key=lambda test: (-test[0][0], -test[0][1], test[1]))
    return [_choose_lines(lines, at, end) for _, at, end in tests[:ALIKE]]


def _best_match(lines: Sequence[str], names: Sequence[str]) -> int:
    """The most words that the name of a test shares with one of these."""
    return max((common for (common, _), _, _ in _named_tests(lines, names)), default=0)


def _named_tests(lines: Sequence[str], names: Sequence[str]) -> Iterator[tuple[tuple[int, float], int, int]]:
    """Each test: how like one of these names its own is, its first line from 0, and where the next begins."""
    starts = [at for at, line in enumerate(lines) if begins_test(line)]
    for at, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        title = _title(lines, at)
        if title:
            yield max((_alikeness(title, name) for name in names), default=(0, 0.0)), at, end


def _title(lines: Sequence[str], at: int) -> str:
    """Return what a test is called: in its own line, or in the first line below without a mark."""
    if not _BARE.match(lines[at]):
        return lines[at]
    if _CLASS.match(lines[at]):
        return ""
    return next((line for line in lines[at + 1 : at + 6] if line.strip() and not ABOVE.match(line)), "")


def _alikeness(title: str, name: str) -> tuple[int, float]:
    """Return how many words of a name a test's name has, and how alike they are."""
    words = [term for term in terms(title) if term not in _NO_NAME]
    name_words = terms(name)
    common = len({*words} & {*name_words})
    return common, SequenceMatcher(None, " ".join(words), " ".join(name_words)).ratio()


def _choose_lines(lines: Sequence[str], at: int, end: int) -> set[int]:
    """The lines of a test from 1, with what is above it, and the head of the class or group around it."""
    first = at
    while first > 0 and ABOVE.match(lines[first - 1]):
        first -= 1
    while end - 1 > at and (not lines[end - 1].strip() or ABOVE.match(lines[end - 1])):
        end -= 1
    line_numbers = set(range(first + 1, min(end, first + TEST_LINES) + 1))
    indent = _indent(lines[at])
    if indent:
        around = (n for n in range(at - 1, -1, -1) if lines[n].strip() and _indent(lines[n]) < indent)
        line_numbers.add(next(around, at) + 1)
    return line_numbers


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _fewer_and_fewer(tests: Sequence[set[int]]) -> Iterator[set[int]]:
    """All of the tests, then without the last, and so on."""
    for count in range(len(tests), 0, -1):
        yield set().union(*tests[:count])


def _example_tests(corpus: Corpus, target: TargetLines | None, names: Sequence[str]) -> list[str]:
    """The nearest file of tests in the target's language; of these, one with a test for a like name."""
    if target is None:
        return []
    suffix = PurePosixPath(target.path).suffix
    tests = [path for path in corpus.files().paths if path.endswith(suffix) and is_test(path)]
    near = sort_by_distance([test for test in tests if corpus.outline(test)], target.path) if suffix else []
    near = [path for path in near[:NEAREST] if has_tests(corpus.lines(path))]
    return sorted(near, key=lambda path: -_best_match(corpus.lines(path), names))[:1]
