"""Tests, and files that belong together by their names: test and subject, header and source.

A test is one by the name of its file, or by its place: the definitions around it, and what is above them.
This module knows the conventions of languages, and reads no file. The relation of files is symmetric, as long
as there are not too many.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from assist_context.relations import path_index
from assist_context.relations.path_index import PathIndex

MAX_SIBLINGS = 12

_ECMA = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte")
_SCRIPTS = (".js", ".mjs", ".cjs")
_C_SOURCES = (".c", ".cc", ".cpp", ".cxx", ".m", ".mm")
_HEADERS = (".h", ".hh", ".hpp", ".hxx")
_STYLES = (".css", ".scss", ".less", ".html")

# What a test's name adds before and after its subject's name. A capital starts a word: "CartTest".
_LOW = (("test_", ""), ("", "_test"), ("", "_tests"), ("", "_spec"))
_HIGH = (("", "Test"), ("", "Tests"), ("", "IT"), ("", "Spec"), ("", "Suite"), ("", "TestCase"), ("Test", ""))
_DOTTED = (
    ("", ".test"), ("", ".spec"), ("", "-test"), ("", "_test"), ("", "-spec"), ("", "_spec"),
    ("", ".cy"), ("", ".e2e"), ("", ".stories"),
)  # fmt: skip
_FAMILIES: tuple[tuple[tuple[str, ...], tuple[tuple[str, str], ...]], ...] = (
    ((".py", ".pyi"), _LOW),
    (_ECMA, _DOTTED),
    ((".go",), (("", "_test"),)),
    ((".rs",), _LOW),
    ((".java", ".kt", ".scala", ".groovy"), _HIGH),
    ((".cs",), _HIGH),
    ((".swift",), _HIGH),
    ((".php",), (*_HIGH, ("", "Cest"))),
    ((".rb",), _LOW),
    ((".lua",), _LOW),
    ((*_C_SOURCES, *_HEADERS), (*_LOW, ("", "_unittest"), ("", "-test"), ("", "Test"), ("", "Tests"))),
    ((".sh", ".bash", ".bats"), (*_LOW, ("", "-test"))),
)
_CONVENTIONS: Mapping[str, tuple[tuple[str, ...], tuple[tuple[str, str], ...]]] = {
    suffix: (suffixes, marks) for suffixes, marks in _FAMILIES for suffix in suffixes
}
# In such a folder, a test may have just the name of its subject.
_TEST_FOLDERS = ("tests", "test", "__tests__", "spec", "specs")
_PLAIN_NAMES = frozenset({*_ECMA, *_C_SOURCES, ".rs", ".lua", ".rb", ".bats"})

_TEST = re.compile(
    r"""
    (?: (?:^|/)(?!test\.py$) | [._-] )      # pytest collects no test.py; packages have one for their users
    (?: tests? | specs? | __tests__ | e2e )
    (?=[/._-])
    | [a-z\d](?:Tests?|Spec|IT)\.\w+$     # CartTest.java
    | (?:^|/)conftest\.py$
    """,
    re.VERBOSE,
)
_RUST_TEST = r"\#\[(?:\w+::)*(?:test|rstest|bench|quickcheck|test_case|\w+_test)\b"
_BEGINNING = re.compile(
    rf"""
    \s*(?:
        (?:async\s+)?def\s+(?P<python>test\w*)          # Python, Ruby
        | class\s+(?:Test\w*)                           # a class of tests, or a suite
        | (?:it|test|specify)(?:\.\w+)*\s*[("'](?P<script>.*)
        | {_RUST_TEST}.*                                # the name is in a line below
        | func\s+(?:\([^)]*\)\s*)?(?P<go>[Tt]est\w*)    # Go, Swift
        | (?:public\s+)?function\s+(?P<php>test\w*)
        | @(?:Test|ParameterizedTest)\b.*               # Java, Kotlin
        | \[(?:Fact|Test|TestMethod|Theory)\b.*         # C#
        | TEST\w*\s*\((?P<cpp>.*)
    )
    """,
    re.VERBOSE,
)
_CLASS = re.compile(r"\s*class\s")
ABOVE = re.compile(r"\s*(?:@|#|//|/?\*)")  # what is said of a definition in the lines above it

# What makes a place a test in a file that is not one by its name: Python has classes of unittest there, as
# `def test_connection` need be no test; scripts have calls around it, and other languages marks above it.
_UNITTEST = re.compile(r"\s*class\s+\w+\(.*\b\w*TestCase\b")
_GROUP = re.compile(r"\s*(?:describe|it|test|suite|specify)(?:\.\w+)*\(\s*[\"'`]")
_MARK = re.compile(
    rf"""
    \s*(?:
        \#!?\[cfg\((?:test|all\((?:[^\]]*[,\s])?test)\s*[,)]     # not any(test, ...), which is code, too
        | {_RUST_TEST}
        | @(?:Test|ParameterizedTest)\b
        | \[(?:Fact|Test|TestMethod|Theory)\b
    )
    """,
    re.VERBOSE,
)


def is_test(path: str) -> bool:
    """Return whether a file is a test by its name or its folder's.

    >>> [is_test(path) for path in ("tests/cart.py", "src/cart_test.go", "CartTest.java", "src/test.py")]
    [True, True, True, False]
    """
    return _TEST.search(path) is not None


def is_test_place(path: str, lines: Sequence[str], line: int, heads: Iterable[int]) -> bool:
    """Return whether a line of a file is in a test. `heads` are the first lines of the definitions around it.

    >>> rust = ["fn a() {}", "#[cfg(test)]", "mod checks {", "    use super::a;", "    fn b() { a() }", "}"]
    >>> is_test_place("src/a.rs", rust, 5, [3, 5]), is_test_place("src/a.rs", rust, 1, [1])
    (True, False)
    """
    suffix = _split(path)[1]
    if is_test(path):
        return True
    if suffix == ".py":
        return any(_UNITTEST.match(lines[head - 1]) for head in heads if head <= len(lines))
    if suffix in _ECMA:
        return any(_GROUP.match(lines[at]) for at in _blocks_around(lines, line))
    return any(_MARK.match(above) for head in heads for above in _lines_above(lines, head))


def is_module_of_tests(name: str, lines: Iterable[str]) -> bool:
    """Return whether a file of Rust declares another one, by the name of its module, for tests alone.

    >>> is_module_of_tests("fakes", ["#[cfg(test)]", "mod fakes;", "mod cart;"])
    True
    """
    declaration = re.compile(rf"\s*(?:pub(?:\([^)]*\))?\s+)?mod\s+{re.escape(name)}\s*;")
    rows = list(lines)
    heads = [at for at, line in enumerate(rows, 1) if declaration.match(line)]
    return any(_MARK.match(above) for head in heads for above in _lines_above(rows, head))


def _lines_above(lines: Sequence[str], head: int) -> Iterator[str]:
    """The comments and marks right above the first line of a definition, and that line."""
    at = min(head, len(lines)) - 1
    while at >= 0 and (at == head - 1 or ABOVE.match(lines[at]) or _MARK.match(lines[at])):
        yield lines[at]
        at -= 1


def _blocks_around(lines: Sequence[str], line: int) -> Iterator[int]:
    """The lines, from 0, by which the blocks around a line begin: each is less indented than the last."""
    depth = _indent(lines[line - 1]) + 1 if 0 < line <= len(lines) else 0
    for at in range(min(line, len(lines)) - 1, -1, -1):
        if depth == 0:
            return
        if lines[at].strip() and _indent(lines[at]) < depth:
            depth = _indent(lines[at])
            yield at


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def begins_test(line: str) -> bool:
    """Return whether a test, or a group of tests, begins in a line of a file of tests.

    >>> [begins_test(line) for line in ("def test_cart():", "  it('adds', () => {", "app = FastAPI()")]
    [True, True, False]
    """
    return _BEGINNING.match(line) is not None


def has_tests(lines: Iterable[str]) -> bool:
    """Return whether there is a test among the lines of a file; a class by its name alone may be a helper."""
    return any(begins_test(line) and not _CLASS.match(line) for line in lines)


def siblings(files: PathIndex, path: str) -> tuple[str, ...]:
    """The tests of a file, or the file that it tests, and its other half; nearest first, at most 12.

    >>> from assist_context.relations.path_index import make_path_index
    >>> files = make_path_index(["src/cart.py", "src/cart.pyi", "tests/test_cart.py"])
    >>> siblings(files, "src/cart.py")
    ('src/cart.pyi', 'tests/test_cart.py')
    """
    paths = dict.fromkeys(_other_halves(files, path))
    if _split(path)[1] in _CONVENTIONS:
        paths |= dict.fromkeys(_find_subjects(files, path))
        paths |= dict.fromkeys(
            test for test in _possible_tests(files, path) if path in _find_subjects(files, test)
        )
    paths.pop(path, None)
    return tuple(_sort_by_kinship(paths, path)[:MAX_SIBLINGS])


def _split(path: str) -> tuple[str, str]:
    """A file's name without its suffix, and the suffix."""
    name = path.rpartition("/")[2]
    dot = name.rfind(".")
    return (name[:dot], name[dot:]) if dot > 0 else (name, "")


def _find_subjects(files: PathIndex, path: str) -> list[str]:
    """The files that a test tests: the nearest candidates, all that are equally near."""
    stem, suffix = _split(path)
    suffixes, marks = _CONVENTIONS[suffix]
    matches: list[str] = []
    for name in _subject_names(stem, marks):
        matches += _files_named(files, path, name, suffixes)
    if not matches and suffix in _PLAIN_NAMES and _is_test_path(path):
        matches = [file for file in _files_named(files, path, stem, suffixes) if not _is_test_path(file)]
    best = max((_kinship(match, path) for match in matches), default=0)
    return [match for match in matches if match != path and _kinship(match, path) == best]


def _subject_names(stem: str, marks: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for prefix, suffix in marks:
        name = stem[len(prefix) : len(stem) - len(suffix)]
        if not name or stem != prefix + name + suffix:
            continue
        if prefix == "Test" and not name[0].isupper():
            continue  # "Testament" tests nothing
        yield name


def _possible_tests(files: PathIndex, path: str) -> list[str]:
    """Files that may be tests of a file, by name alone."""
    stem, suffix = _split(path)
    suffixes, marks = _CONVENTIONS[suffix]
    matches = []
    for prefix, suffix_mark in marks:
        matches += _files_named(files, path, prefix + stem + suffix_mark, suffixes)
    if _PLAIN_NAMES.intersection(suffixes) and not _is_test_path(path):
        matches += [file for file in _files_named(files, path, stem, suffixes) if _is_test_path(file)]
    return matches


def _files_named(files: PathIndex, path: str, name: str, suffixes: tuple[str, ...]) -> list[str]:
    """Files with a name, anywhere; if many have it, those in a folder with the same name as the path's."""
    folder = path.rpartition("/")[0].rpartition("/")[2]
    return path_index.find_by_tail(files, name, suffixes, path) or (
        path_index.find_by_tail(files, f"{folder}/{name}", suffixes, path) if folder else []
    )


def _is_test_path(path: str) -> bool:
    return not set(path.split("/")[:-1]).isdisjoint(_TEST_FOLDERS)


def _other_halves(files: PathIndex, path: str) -> list[str]:
    """The other half of a file: header and source, stub and module, component and style."""
    stem, suffix = _split(path)
    whole = path.removesuffix(suffix)
    if suffix in _HEADERS or suffix in _C_SOURCES:
        suffixes = _C_SOURCES if suffix in _HEADERS else _HEADERS
        matches = _files_named(files, path, stem, suffixes)
        best = max((_kinship(match, path) for match in matches), default=0)
        back = _HEADERS if suffix in _HEADERS else _C_SOURCES
        return [
            match
            for match in matches
            if _kinship(match, path) == best
            and all(_kinship(other, match) <= best for other in _files_named(files, match, stem, back))
        ]
    others: list[str] = []
    if suffix in {".py", ".pyi"}:
        others = [f"{whole}.pyi" if suffix == ".py" else f"{whole}.py"]
    elif suffix in _STYLES:
        others = [base + code for base in (whole, whole.removesuffix(".module")) for code in _ECMA]
    elif suffix in _ECMA:
        others = [whole + middle + style for middle in ("", ".module") for style in _STYLES]
        if suffix in _SCRIPTS:
            others.append(f"{whole}.d.ts")
        if path.endswith(".d.ts"):
            others += [whole.removesuffix(".d") + script for script in _SCRIPTS]
    return [other for other in others if other in files.paths]


def _kinship(one: str, other: str) -> int:
    """Return how many folder names two paths share, anywhere: src/a/x.py and tests/a/test_x.py share one.

    The same folder counts most. The number is symmetric.
    """
    first, right = one.split("/")[:-1], other.split("/")[:-1]
    if first == right:
        return 1000
    parallel = set(first).symmetric_difference(right) <= set(_TEST_FOLDERS)
    return len(set(first) & set(right)) + (500 if parallel else 0)


def _sort_by_kinship(matches: dict[str, None], path: str) -> list[str]:
    return sorted(
        matches, key=lambda each: (-_kinship(each, path), -path_index.count_shared_folders(each, path), each)
    )
