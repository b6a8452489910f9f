"""New tests: where they go, and how they begin.

Most go into a new file, by the conventions of the language and of the workspace. Rust's go into a module at
the end of the file, which reaches what is not public. A model on this machine is given the first lines as the
beginning of its answer, and all models are told them: they guess imports worse than paths say them.
"""

import posixpath
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from assist_context.code.symbols import symbols
from assist_context.documents import split_lines
from assist_context.languages import ECMASCRIPT, language_of
from assist_context.relations.counterparts import has_tests, is_test, siblings
from assist_context.relations.path_index import PathIndex
from assist_escalation.edits.plan import split_text
from assist_server.questions.targets import QuestionTarget

FOLDERS = ("tests", "test", "spec", "__tests__")
# What comes before and after the name of what is tested. Other languages have "test_" before it.
_AFFIXES = {
    ".go": ("", "_test"),
    **dict.fromkeys((".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs"), ("", ".test")),
    **dict.fromkeys((".java", ".kt", ".scala", ".cs", ".swift", ".php"), ("", "Test")),
    ".rb": ("", "_test"),
}
_SCRIPTS = frozenset({".js", ".jsx", ".ts", ".tsx", ".mjs", ".cjs"})
# Languages in which new tests are added to the file of tests that a module has.
_ADDED_TO = _SCRIPTS | {".py"}
# Languages whose tests are in the same folder as what they test, if the workspace's tests are not elsewhere.
_SAME_FOLDER = _SCRIPTS | {".go"}


@dataclass(frozen=True, slots=True)
class PlaceForTests:
    """The place for new tests: a new file, or after line `after` of a file that exists.

    That is Rust's own file, as the module `module`, or the module's file of tests, which has the text `text`.
    """

    path: str
    after: int = 0
    module: str = ""
    text: str = ""


def place_for_tests(
    source: tuple[str, str, str], files: PathIndex, root: Path, text_of: Callable[[str], str] = lambda _: ""
) -> PlaceForTests:
    r"""The place for tests of code: its file's path and text, and its name, "" for all of the file.

    `text_of` gives the text of another file, "" if that must not be added to.

    >>> from assist_context.relations.path_index import make_path_index
    >>> files = make_path_index(["src/lib.rs", "shop/cart.py", "tests/test_order.py"])
    >>> place_for_tests(("shop/cart.py", "", "Cart.total"), files, Path("/nowhere"))
    PlaceForTests(path='tests/test_cart.py', after=0, module='', text='')
    >>> place_for_tests(("src/lib.rs", "fn two() {}\n", "two"), files, Path("/nowhere"))
    PlaceForTests(path='src/lib.rs', after=1, module='tests', text='')
    """
    path, text, name = source
    if PurePosixPath(path).suffix == ".rs" and text.strip():
        names = set(re.findall(r"\bmod\s+(\w+)", text))
        return PlaceForTests(path, len(split_text(text)), _free_module(name, names))
    likely = (*siblings(files, path), _usual_paths(path, name, files, root)[0])  # the latter without an index
    for beside in likely if PurePosixPath(path).suffix in _ADDED_TO else ():
        imports = text_of(beside) if is_test(beside) and language_of(beside) == language_of(path) else ""
        if has_tests(split_lines(imports)):
            return PlaceForTests(beside, len(split_text(imports)), text=imports)
    return PlaceForTests(_new_path(path, name, files, root))


def _free_module(name: str, names: Collection[str]) -> str:
    words = re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).strip("_").lower()
    own = f"{words}_tests" if words else "more_tests"
    candidates = (f"{own}_{n}" for n in range(2, 1000))
    return next(module for module in ("tests", own, *candidates) if module not in names)


def _new_path(path: str, name: str, files: PathIndex, root: Path) -> str:
    """A path that is not taken yet."""
    paths = _usual_paths(path, name, files, root)
    return next(path for path in paths if path not in files.paths and not _is_taken(root / path))


def _is_taken(file: Path) -> bool:
    """Say if there is such a file, or a folder of its name, which Python would import in its place."""
    return file.exists() or file.with_suffix("").is_dir()


def _usual_paths(path: str, name: str, files: PathIndex, root: Path) -> list[str]:
    """The paths that a file of tests may have, the most usual first; so many that one is free."""
    source = PurePosixPath(path)
    suffix = source.suffix
    prefix, ending = _AFFIXES.get(suffix, ("test_", ""))
    folder = _folder(source, files, root)
    stem = source.stem.strip("_") or source.stem  # `_cart.py` is tested by `test_cart.py`
    words = [stem, *(word for word in name.split(".") if word)]
    separator = "" if prefix + ending in ("Test",) else "_"
    stems = [stem, separator.join(words), *(f"{separator.join(words)}{separator}{n}" for n in range(2, 1000))]
    return [str(folder / f"{prefix}{stem}{ending}{suffix}") for stem in (*stems, f"{stem}_assist")]


def _folder(source: PurePosixPath, files: PathIndex, root: Path) -> PurePosixPath:
    """The nearest folder of tests to the source, even if it is not indexed; else the source's own folder."""
    parts = source.parts[:-1]
    if source.suffix in _SAME_FOLDER and not (
        source.suffix in _SCRIPTS and _tested_elsewhere(source.suffix, files)
    ):
        return source.parent
    if parts[:2] == ("src", "main"):
        return PurePosixPath("src", "test", *parts[2:])
    folders = {str(parent) for path in files.paths for parent in PurePosixPath(path).parents}
    for depth in range(len(parts), -1, -1):
        for name in FOLDERS:
            folder = PurePosixPath(*parts[:depth], name)
            there = root / folder
            if str(folder) in folders or (there.is_dir() and not there.is_symlink()):
                return folder
    return source.parent


def _tested_elsewhere(suffix: str, files: PathIndex) -> bool:
    """Return whether most tests in the source's language are in folders of tests."""
    own = [path for path in files.paths if path.endswith(suffix) and is_test(path)]
    apart = [path for path in own if set(FOLDERS) & set(PurePosixPath(path).parts[:-1])]
    return len(apart) > len(own) / 2


_RELATIVE = re.compile(r"""from\s+["']\.{1,2}/[^"']*?(\.[cm]?[jt]s)["']""")


def write_head(target: QuestionTarget, place: PlaceForTests, code: str) -> str:
    """The first lines of the tests, "" where neither paths nor code say them. `code` is code of other tests.

    A name that a script does not export is not imported: then the model has to find a way. A file that has
    the name needs no import of it.
    """
    name = target.name.partition(".")[0]
    imports = symbols(target.document.language, place.text).imports if place.text else ()
    if name and any(name in statement.names for statement in imports):
        return ""
    if place.module:
        return f"#[cfg(test)]\nmod {place.module} {{\n    use super::*;\n"
    language = target.document.language.name
    if language == "python":
        return _python_import(target)
    return _script_import(target, place, code) if language in ECMASCRIPT else ""


def _python_import(target: QuestionTarget) -> str:
    path = target.lines.path
    module = path.removesuffix(".py").removeprefix("src/").removesuffix("/__init__").replace("/", ".")
    name = target.name.partition(".")[0]
    if not path.endswith(".py"):
        return ""
    return f"from {module} import {name}\n" if name else f"import {module}\n"


def _script_import(target: QuestionTarget, place: PlaceForTests, code: str) -> str:
    """An import in the manner of the relative imports that the file and the other tests have."""
    source = PurePosixPath(target.lines.path)
    name = target.name.partition(".")[0]
    text = target.document.text
    export = re.search(
        rf"^export\s+(?:default\s+)?(?:async\s+|abstract\s+)*[\w*]+\s+{re.escape(name)}\b", text, re.M
    )
    exports = re.search(rf"^export\s*{{[^}}]*\b{re.escape(name)}\b[^}}]*}}", text, re.M)
    if not name or not (export or exports):
        return ""
    ends = _RELATIVE.findall(code + text)
    stem = posixpath.relpath(source.with_suffix(""), PurePosixPath(place.path).parent or ".")
    path = (stem if stem.startswith(".") else f"./{stem}") + (ends[0] if ends else "")
    what = name if export and " default " in export[0] else f"{{ {name} }}"
    return f'import {what} from "{path}";\n'
