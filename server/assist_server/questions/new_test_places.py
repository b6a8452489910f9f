"""Where new tests of a file go, by the conventions of its language and of the workspace.

Most go into a new file. Rust's go into a module at the end of the file, which reaches what is not public.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from assist_context.evidence.mentions import is_test
from assist_context.relations.path_index import PathIndex
from assist_escalation.edits.plan import lines_of

FOLDERS = ("tests", "test", "spec", "__tests__")
# What comes before and after the name of what is tested. Other languages have "test_" before it.
_AFFIXES = {
    ".go": ("", "_test"),
    **dict.fromkeys((".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs"), ("", ".test")),
    **dict.fromkeys((".java", ".kt", ".scala", ".cs", ".swift", ".php"), ("", "Test")),
    ".rb": ("", "_test"),
}
_SCRIPTS = frozenset({".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs"})
# Languages whose tests are in the same folder as what they test, if the workspace's tests are not elsewhere.
_SAME_FOLDER = _SCRIPTS | {".go"}


@dataclass(frozen=True, slots=True)
class PlaceForTests:
    """Where new tests go: a new file, or after line `after` of a file that exists, as the module `module`."""

    path: str
    after: int = 0
    module: str = ""


def place_for_tests(source: tuple[str, str, str], files: PathIndex, root: Path) -> PlaceForTests:
    r"""The place for tests of code: its file's path and text, and its name, "" for all of the file.

    >>> from assist_context.relations.path_index import path_index_of
    >>> files = path_index_of(["src/lib.rs", "shop/cart.py", "tests/test_order.py"])
    >>> place_for_tests(("shop/cart.py", "", "Cart.total"), files, Path("/nowhere"))
    PlaceForTests(path='tests/test_cart.py', after=0, module='')
    >>> place_for_tests(("src/lib.rs", "fn two() {}\n", "two"), files, Path("/nowhere"))
    PlaceForTests(path='src/lib.rs', after=1, module='tests')
    """
    path, text, name = source
    if PurePosixPath(path).suffix == ".rs" and text.strip():
        taken = set(re.findall(r"\bmod\s+(\w+)", text))
        return PlaceForTests(path, len(lines_of(text)), _free_module(name, taken))
    return PlaceForTests(_new_path(path, name, files, root))


def _free_module(name: str, taken: Collection[str]) -> str:
    words = re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).strip("_").lower()
    own = f"{words}_tests" if words else "more_tests"
    return next(each for each in ("tests", own, *(f"{own}_{n}" for n in range(2, 1000))) if each not in taken)


def _new_path(path: str, name: str, files: PathIndex, root: Path) -> str:
    """A path that is not taken yet."""
    source = PurePosixPath(path)
    suffix = source.suffix
    prefix, ending = _AFFIXES.get(suffix, ("test_", ""))
    folder = _folder(source, files)
    words = [source.stem, *(word for word in name.split(".") if word)]
    joined = "" if prefix + ending in ("Test",) else "_"
    stems = [source.stem, joined.join(words), *(f"{joined.join(words)}{joined}{n}" for n in range(2, 1000))]
    for stem in stems:
        found = str(folder / f"{prefix}{stem}{ending}{suffix}")
        if found not in files.paths and not (root / found).exists():
            return found
    return str(folder / f"{prefix}{source.stem}_assist{ending}{suffix}")


def _folder(source: PurePosixPath, files: PathIndex) -> PurePosixPath:
    """The nearest folder of tests to the source, else the source's own folder."""
    parts = source.parts[:-1]
    if source.suffix in _SAME_FOLDER and not (
        source.suffix in _SCRIPTS and _tested_elsewhere(source.suffix, files)
    ):
        return source.parent
    if parts[:2] == ("src", "main"):
        return PurePosixPath("src", "test", *parts[2:])
    folders = {str(parent) for each in files.paths for parent in PurePosixPath(each).parents}
    for depth in range(len(parts), -1, -1):
        for name in FOLDERS:
            folder = PurePosixPath(*parts[:depth], name)
            if str(folder) in folders:
                return folder
    return source.parent


def _tested_elsewhere(suffix: str, files: PathIndex) -> bool:
    """Whether most tests in the source's language are in folders of tests."""
    own = [each for each in files.paths if each.endswith(suffix) and is_test(each)]
    apart = [each for each in own if set(FOLDERS) & set(PurePosixPath(each).parts[:-1])]
    return len(apart) > len(own) / 2
