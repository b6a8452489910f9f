"""Where recorded tests go in a file of Python's: next to the tests of the same code, with the names it has.

New imports are added to those of the file; code that it calls through a module is called so in new tests as
well. Texts are read with Python's own parser, and nothing runs.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from assist_runner.characterization_tests.calls import RecordedCall
from assist_runner.characterization_tests.language import CannotRunError, PlacedTests, RecordingContext
from assist_runner.characterization_tests.python.calls import PythonModule, target_names
from assist_runner.characterization_tests.python.text import (
    PythonStyle,
    double_quotes,
    import_blocks,
    needed_imports,
    python_tests,
    test_functions,
    title_of,
)

MAX_EXISTING = 40  # tests of the same code that are run with planted mistakes
_LINE = 88  # columns of a line of imports
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class _TestHome:
    """Where tests go: after a line, in a class if it has a name. `existing` are the tests of the subject."""

    after: int
    title: str = ""
    style: PythonStyle = "pytest"
    existing: tuple[str, ...] = ()


def placed_tests(
    text: str, calls: Sequence[RecordedCall], material: RecordingContext, module: PythonModule
) -> PlacedTests:
    """The file with the tests in it. Raises CannotRunError if a name that they need is another one there."""
    style = style_of(material)
    title = title_of(material.subject.name)
    if not text.strip():
        names = tuple(f"{title}::{call.test}" if style == "unittest" else call.test for call in calls)
        return PlacedTests(material.place, python_tests(calls, style, material.subject.name), names)
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError) as error:
        raise CannotRunError(f"{material.place} cannot be parsed as Python") from error
    called = target_names(material.subject, module)
    if material.subject.short.startswith("__"):  # an operator is called without its name
        called |= {material.subject.name.split(".")[-2:][0]}
    home = _home_in(tree, called, style)
    functions = test_functions(calls, home.style, in_class=bool(home.title) or home.style == "unittest")
    imports = needed_imports(calls, home.style)
    mark = "'" if text.count("'") > text.count('"') else '"'
    functions = [double_quotes(part, mark) for part in functions]
    functions, imports = _as_called_there(functions, imports, tree, material, module)
    own = home.title
    if home.style == "unittest" and not home.title:
        own = _free_title(title, tree)
        functions = [f"class {own}(unittest.TestCase):\n" + "\n\n".join(functions)]
    joint = "\n\n" if home.title else "\n\n\n"
    lines = text.splitlines(keepends=True)
    block = joint[1:] + joint.join(functions) + "\n"
    if home.after < len(lines):
        following = "".join(lines[home.after :])
        blank = len(following) - len(following.lstrip("\n"))
        block += "\n" * max(0, len(joint) - 1 - blank) if not home.title else ""
    else:
        lines = [*"".join(lines).rstrip("\n").splitlines(keepends=True)]
        lines[-1] += "\n"
    at = min(home.after, len(lines))
    body = [*lines[:at], block, *lines[at:]]
    used = {node.id for part in functions for node in _names_in(part)}
    written = _with_imports(body, tree, [line for line in imports if _bound(line) in used], material.place)
    names = tuple(f"{own}::{call.test}" if own else call.test for call in calls)
    return PlacedTests(material.place, written, names, home.existing)


def style_of(material: RecordingContext) -> PythonStyle:
    """The style of the project's tests."""
    if material.runner == "unittest":
        return "unittest"
    shown = material.example
    plain = re.search(r"^(?:async )?def test_", shown, re.MULTILINE)
    return "unittest" if re.search(r"^class .*\bTestCase\b", shown, re.MULTILINE) and not plain else "pytest"


def _home_in(tree: ast.Module, names: frozenset[str], style: PythonStyle) -> _TestHome:
    """After the last test of the same code, in the class that has most of these; else at the end."""
    groups: dict[str, list[ast.stmt]] = {}
    for title, node in _tests_in(tree):
        if any(_name_read(part) in names for part in ast.walk(node)):
            groups.setdefault(title, []).append(node)
    existing = [
        f"{title}::{getattr(node, 'name', '')}" if title else getattr(node, "name", "")
        for title, nodes in groups.items()
        for node in nodes
    ]
    if not groups:
        main = [
            node.lineno - 1
            for node in tree.body
            if isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)
        ]
        return _TestHome(main[0] if main else 1 << 30, "", style)
    title = max(groups, key=lambda title: len(groups[title]))
    last = groups[title][-1].end_lineno or 0
    bases = [
        ast.unparse(base)
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name == title
        for base in node.bases
    ]
    own: PythonStyle = "unittest" if any("TestCase" in base for base in bases) else "pytest"
    return _TestHome(last, title, own, tuple(existing[:MAX_EXISTING]))


def _tests_in(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Each test with the class that it is in, "" for none."""
    for node in tree.body:
        if isinstance(node, _FUNCTIONS) and node.name.startswith("test"):
            yield "", node
        elif isinstance(node, ast.ClassDef):
            yield from (
                (node.name, part)
                for part in node.body
                if isinstance(part, _FUNCTIONS) and part.name.startswith("test")
            )


def _name_read(node: ast.AST) -> str:
    """The name that a node reads: tests hand over functions as well as call them."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _free_title(title: str, tree: ast.Module) -> str:
    taken = {node.name for node in tree.body if isinstance(node, ast.ClassDef)}
    numbered = (f"{title}{number}" for number in range(2, 1000))
    return next(name for name in (title, *numbered) if name not in taken)


def _names_in(text: str) -> list[ast.Name]:
    try:
        tree = ast.parse(re.sub(r"^ +", "", text, count=1) if not text.startswith(" ") else f"if 1:\n{text}")
    except (SyntaxError, ValueError):
        return []
    return [node for node in ast.walk(tree) if isinstance(node, ast.Name)]


def _as_called_there(
    functions: list[str],
    imports: list[str],
    tree: ast.Module,
    material: RecordingContext,
    module: PythonModule,
) -> tuple[list[str], list[str]]:
    """The tests with `mi.take` for `take`, where the file calls it so and does not import the name alone."""
    top = material.subject.name.partition(".")[0]
    bound = dict(_import_names(tree))
    if top in bound:
        return functions, imports
    counted = Counter(
        ast.unparse(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == top and _root(node.value) in bound
    )
    ways = [way for way, _ in counted.most_common(1)]
    ways += [name for name, source in bound.items() if source == module.name]
    if not ways:
        return functions, imports
    found = [_with_way(text, top, ways[0]) for text in functions]
    return found, [line for line in imports if _bound(line) != top]


def _with_way(text: str, top: str, way: str) -> str:
    """A test with a way in front of a name, at the places where the name is read."""
    shift = 0 if not text.startswith(" ") else 1  # `_names_in` puts a line above a method
    places = {(node.lineno - 1 - shift, node.col_offset) for node in _names_in(text) if node.id == top}
    lines = text.split("\n")
    for row, column in sorted(places, reverse=True):
        raw = lines[row].encode()
        lines[row] = (raw[:column] + f"{way}.".encode() + raw[column:]).decode()
    return "\n".join(lines)


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _import_names(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The names that imports at the top bind, with what each is."""
    for node in tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0], alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name, f"{'.' * node.level}{node.module or ''}.{alias.name}"


def _bound(line: str) -> str:
    """The name that an import of one name binds."""
    return line.rpartition(" ")[2].partition(".")[0]


def _with_imports(lines: list[str], tree: ast.Module, wanted: Sequence[str], path: str) -> str:
    """The file with imports that it does not have: in a statement for the same module, else below the others.

    Raises CannotRunError if a name means another thing there.
    """
    bound = dict(_import_names(tree))
    defined = {getattr(node, "name", "") for node in tree.body}
    missing: list[str] = []
    inserted: list[tuple[int, int, str]] = []
    for line in wanted:
        source = re.fullmatch(r"from (\S+) import (\w+)", line)
        name = _bound(line)
        what = f"{source[1]}.{source[2]}" if source else line.split()[1]
        if name in bound and (
            bound[name] == what or bound[name].rpartition(".")[2] == what.rpartition(".")[2]
        ):
            continue
        if name in bound or name in defined:
            raise CannotRunError(f"{path} has another {name}")
        place = _place_in(tree, source[1], lines) if source else None
        if place is None:
            missing.append(line)
        else:
            inserted.append((*place, source[2] if source else ""))
    for row, column, name in sorted(inserted, reverse=True):
        line = lines[row]
        own = len(line) - len(line.lstrip())
        several = own and not line.lstrip().startswith("from ")
        joint = f",\n{' ' * own}" if several else ", "
        lines[row] = line[:column] + joint + name + line[column:]
    if missing:
        top = _last_import(tree)
        above = [] if top else ["\n"]
        lines[top:top] = [*(f"{line}\n" for line in import_blocks(missing).split("\n")), *above]
    return "".join(lines)


def _place_in(tree: ast.Module, module: str, lines: Sequence[str]) -> tuple[int, int] | None:
    """The row and column after the last name of the import of a module; None where there is no room."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module == module and not node.level:
            last = node.names[-1]
            row = (last.end_lineno or 1) - 1
            alone = node.lineno == node.end_lineno
            room = not alone or len(lines[row].rstrip()) + 20 < _LINE
            if last.name != "*" and room and lines[row].isascii():
                return row, last.end_col_offset or 0
    return None


def _last_import(tree: ast.Module) -> int:
    """The last line of the imports at the top, that of the docstring or 0 without any."""
    last = 0
    for number, node in enumerate(tree.body):
        is_docstring = not number and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, (ast.Import, ast.ImportFrom)) or is_docstring:
            last = node.end_lineno or last
        elif isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            break
    return last
