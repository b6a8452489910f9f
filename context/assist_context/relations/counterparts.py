"""Which files belong together by their names: a test and what it tests, a header and its source.

It knows the customs of languages, and no file's content. What belongs to a file, that file belongs to,
unless there are too many.
"""

from collections.abc import Iterator, Mapping

from assist_context.relations import path_index as places
from assist_context.relations.path_index import PathIndex

MOST_SIBLINGS = 12

_ECMA = (".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts", ".cts", ".vue", ".svelte")
_SCRIPTS = (".js", ".mjs", ".cjs")
_C_SOURCES = (".c", ".cc", ".cpp", ".cxx", ".m", ".mm")
_HEADERS = (".h", ".hh", ".hpp", ".hxx")
_STYLES = (".css", ".scss", ".less", ".html")

# What stands ahead of and behind the name of what is tested. A capital starts a word: "CartTest".
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
_CUSTOMS: Mapping[str, tuple[tuple[str, ...], tuple[tuple[str, str], ...]]] = {
    suffix: (suffixes, marks) for suffixes, marks in _FAMILIES for suffix in suffixes
}
# Where a test may bear its subject's plain name, because it lies in such a folder.
_TEST_FOLDERS = ("tests", "test", "__tests__", "spec", "specs")
_PLAIN_NAMES = frozenset({*_ECMA, *_C_SOURCES, ".rs", ".lua", ".rb", ".bats"})


def siblings(files: PathIndex, path: str) -> tuple[str, ...]:
    """The tests of a file or the file that it tests, and its other half, nearest first; at most 12.

    >>> from assist_context.relations.path_index import path_index_of
    >>> files = path_index_of(["src/cart.py", "src/cart.pyi", "tests/test_cart.py"])
    >>> siblings(files, "src/cart.py")
    ('src/cart.pyi', 'tests/test_cart.py')
    """
    found = dict.fromkeys(_halves(files, path))
    if _split(path)[1] in _CUSTOMS:
        found |= dict.fromkeys(_tested(files, path))
        found |= dict.fromkeys(test for test in _tests(files, path) if path in _tested(files, test))
    found.pop(path, None)
    return tuple(_by_kinship(found, path)[:MOST_SIBLINGS])


def _split(path: str) -> tuple[str, str]:
    """A file's name without suffix, and the suffix."""
    name = path.rpartition("/")[2]
    dot = name.rfind(".")
    return (name[:dot], name[dot:]) if dot > 0 else (name, "")


def _tested(files: PathIndex, path: str) -> list[str]:
    """What a test tests: of several the nearest, and all that are equally near."""
    stem, suffix = _split(path)
    suffixes, marks = _CUSTOMS[suffix]
    found: list[str] = []
    for name in _subjects(stem, marks):
        found += _named(files, path, name, suffixes)
    if not found and suffix in _PLAIN_NAMES and _in_tests(path):
        found = [each for each in _named(files, path, stem, suffixes) if not _in_tests(each)]
    best = max((_kinship(each, path) for each in found), default=0)
    return [each for each in found if each != path and _kinship(each, path) == best]


def _subjects(stem: str, marks: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for ahead, behind in marks:
        name = stem[len(ahead) : len(stem) - len(behind)]
        if not name or stem != ahead + name + behind:
            continue
        if ahead == "Test" and not name[0].isupper():
            continue  # "Testament" tests nothing
        yield name


def _tests(files: PathIndex, path: str) -> list[str]:
    """What may be tests of a file, by name alone."""
    stem, suffix = _split(path)
    suffixes, marks = _CUSTOMS[suffix]
    found = []
    for ahead, behind in marks:
        found += _named(files, path, ahead + stem + behind, suffixes)
    if _PLAIN_NAMES.intersection(suffixes) and not _in_tests(path):
        found += [each for each in _named(files, path, stem, suffixes) if _in_tests(each)]
    return found


def _named(files: PathIndex, path: str, name: str, suffixes: tuple[str, ...]) -> list[str]:
    """Files of a name anywhere; of a name that many files have, those in a folder named like the path's."""
    folder = path.rpartition("/")[0].rpartition("/")[2]
    return places.with_tail(files, name, suffixes, path) or (
        places.with_tail(files, f"{folder}/{name}", suffixes, path) if folder else []
    )


def _in_tests(path: str) -> bool:
    return not set(path.split("/")[:-1]).isdisjoint(_TEST_FOLDERS)


def _halves(files: PathIndex, path: str) -> list[str]:
    """The other half of a file: header and source, stub and module, component and its style."""
    stem, suffix = _split(path)
    whole = path.removesuffix(suffix)
    if suffix in _HEADERS or suffix in _C_SOURCES:
        wanted = _C_SOURCES if suffix in _HEADERS else _HEADERS
        found = _named(files, path, stem, wanted)
        best = max((_kinship(each, path) for each in found), default=0)
        back = _HEADERS if suffix in _HEADERS else _C_SOURCES
        return [
            each
            for each in found
            if _kinship(each, path) == best
            and all(_kinship(other, each) <= best for other in _named(files, each, stem, back))
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
    """How many folder names two paths share, wherever: src/a/x.py and tests/a/test_x.py share one.

    The same folder is nearest of all; a symmetric number.
    """
    left, right = one.split("/")[:-1], other.split("/")[:-1]
    if left == right:
        return 1000
    beside = set(left).symmetric_difference(right) <= set(_TEST_FOLDERS)
    return len(set(left) & set(right)) + (500 if beside else 0)


def _by_kinship(found: dict[str, None], path: str) -> list[str]:
    return sorted(found, key=lambda each: (-_kinship(each, path), -places.shared(each, path), each))
