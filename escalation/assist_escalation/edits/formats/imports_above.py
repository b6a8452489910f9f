"""The imports that a small model writes above a function: which of them the file needs, and where they go.

A model sees the function alone, so it repeats imports that the file has, and invents some.
"""

import ast
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from assist_context.code.symbols import Definition, symbols
from assist_context.languages import language_of
from assist_escalation.edits.matcher import Match
from assist_escalation.edits.plan import EditError, EditTarget, Hunk

_WORD = re.compile(r"\w+")
LONGEST = 100  # lines of one import
_FUTURE = "__future__"  # it must be the first import of a file, and changes how all of it is read
_IMPORT = re.compile(
    r"""
    \s*
    (?:
        import\b                               # Python, Java, JavaScript, Go
      | from\s+\S+\s+import\b                  # Python
      | use\s                                  # Rust, PHP
      | using\s                                # C#, C++
      | [#]\s*include\b                        # C
      | (?:const|let|var)\b.*\brequire\(       # Node
    )
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class AboveImports:
    """The imports in the first `size` lines of a block: what becomes of them in the file."""

    size: int = 0
    added: tuple[Match, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FileAround:
    """The imports of a file that are not indented, and its definitions, outside of the code in question.

    `taken` says what the imports take, in a form that is equal for equal ones, `names` what they give, as far
    as that is known, and `last` is the last line, from 1, of the last one above the code; 0 for none.
    `definitions` are by parent and name; `own` belong to the code in question.
    """

    taken: frozenset[tuple[str, ...]] = frozenset()
    names: frozenset[str] = frozenset()
    last: int = 0
    definitions: Mapping[tuple[str, str], Definition] = field(default_factory=dict)
    own: tuple[Definition, ...] = ()


def imports_above(new: list[str], lines: list[str], target: EditTarget, here: FileAround) -> AboveImports:
    """Place the imports above the definition in a block; `EditError` if they have no place."""
    if any(map(_IMPORT.match, lines[target.first - 1 : target.last][:1])):
        return AboveImports()
    size = next((place for place, line in enumerate(new) if line.strip() and not _IMPORT.match(line)), 0)
    lines_wanted = [line.strip() for line in new[:size] if line.strip()]
    if not lines_wanted:
        return AboveImports(size)
    code = frozenset(_WORD.findall("\n".join(new[size:])))
    missing = [line for line in lines_wanted if _is_missing(line, here, code, target)]
    notes = []
    if len(lines_wanted) > len(missing):
        what = f"left out {len(lines_wanted) - len(missing)} imports above {target.name or 'the tests'}"
        notes.append(f"{target.path}: {what}, which the file has or the code does not use")
    if not missing:
        return AboveImports(size, (), tuple(notes))
    if not here.last or any(goes_on(line) for line in (*missing, lines[here.last - 1])):
        raise EditError(
            f"the answer puts {len(missing)} imports above {target.name} that {target.path} does not have: "
            "add them at its top, or ask for an edit of the whole file"
        )
    _check_new(missing, here, target)
    at = lines[here.last - 1]
    notes.append(f"{target.path}: {len(missing)} imports of the answer go below the file's own")
    insertion = Match(Hunk(here.last, here.last, "whole"), (at,), (at, *missing))
    return AboveImports(size, (insertion,), tuple(notes))


def file_around(lines: list[str], target: EditTarget) -> FileAround:
    """The imports and definitions of a file around the code in question."""
    language = language_of(target.path)
    bindings: set[tuple[str, ...]] = set()
    names: set[str] = set()
    last = 0
    outline = symbols(language, "\n".join([*lines, ""]))
    for statement in outline.imports:
        if _is_inside(statement.line, target) or lines[statement.line - 1][:1].isspace():
            continue
        end = statement.line
        if language.name == "python":
            size, takes = _python_import(lines[statement.line - 1 : statement.line - 1 + LONGEST])
            end += size - 1
            names |= {name for *_, name in takes}
        else:
            takes = frozenset({(lines[statement.line - 1].strip(),)})
            names |= set(statement.names)
        bindings |= takes
        last = end if last < end < target.first else last
    own = tuple(definition for definition in outline.definitions if _is_inside(definition.start_line, target))
    outside = {
        (definition.parent, definition.name): definition
        for definition in outline.definitions
        if not _is_inside(definition.start_line, target)
    }
    return FileAround(frozenset(bindings), frozenset(names), last, outside, own)


def _is_inside(line: int, target: EditTarget) -> bool:
    return target.first <= line <= target.last


def _is_missing(line: str, here: FileAround, code: frozenset[str], target: EditTarget) -> bool:
    """Return whether the file lacks an import that the code needs; what a Python import gives is known."""
    language = language_of(target.path)
    if language.name != "python":
        names = {name for statement in symbols(language, f"{line}\n").imports for name in statement.names}
        return (line,) not in here.taken and not (names and names <= here.names)
    _, bindings = _python_import([line])
    if bindings and (bindings <= here.taken or code.isdisjoint(name for *_, name in bindings)):
        return False
    return _FUTURE not in line


def _check_new(missing: Sequence[str], here: FileAround, target: EditTarget) -> None:
    """Refuse imports of Python that take away another meaning of a name, or a module that no one knows.

    Small models invent modules. Other languages have no list of what is there.
    """
    if language_of(target.path).name != "python":
        return
    definitions = {name for parent, name in here.definitions if not parent}
    modules = {module.partition(".")[0] for level, module, *_ in here.taken if level == "0"}
    modules |= {module.partition(".")[0] for _, module, *_ in _taken_by(target.given)}
    for level, module, _, name in _taken_by(missing) - here.taken:  # a line may have names that are there
        if name in definitions | here.names:
            raise EditError(f"the answer imports {name}, but {target.path} has a different one: ask again")
        top = module.partition(".")[0]
        if level == "0" and top not in modules and top not in sys.stdlib_module_names:
            raise EditError(
                f"the answer imports {top}, which nothing else in {target.path} imports: if it exists, add "
                "the import and ask again"
            )


def _python_import(lines: Sequence[str]) -> tuple[int, frozenset[tuple[str, ...]]]:
    """Return how many of the lines the import at their beginning has, and what it takes.

    These are (level, module, name, name in the file), with "" for a module as a whole. (1, nothing) if it is
    no import that Python reads.

    >>> _python_import(["from .a import (", "    b as c,", ")", "x = 1"])
    (3, frozenset({('1', 'a', 'b', 'c')}))
    """
    goes_on = lines[:1] and ("(" in lines[0] or lines[0].rstrip().endswith("\\"))
    for size in range(1, len(lines) + 1 if goes_on else 2):
        try:
            [statement] = ast.parse("\n".join(lines[:size])).body
        except (SyntaxError, ValueError):  # it goes on; ValueError: two statements, or a null character
            continue
        return size, frozenset(_taken_names(statement))
    return 1, frozenset()


def _taken_by(lines: Sequence[str]) -> frozenset[tuple[str, ...]]:
    return frozenset(binding for line in lines for binding in _python_import([line])[1])


def _taken_names(statement: ast.stmt) -> Iterator[tuple[str, ...]]:
    if isinstance(statement, ast.Import):
        for name in statement.names:
            yield "0", name.name, "", name.asname or name.name.partition(".")[0]
    elif isinstance(statement, ast.ImportFrom):
        for name in statement.names:
            yield str(statement.level), statement.module or "", name.name, name.asname or name.name


def is_import(line: str) -> bool:
    """Return whether a line begins an import."""
    return _IMPORT.match(line) is not None


def goes_on(line: str) -> bool:
    """Return whether an import goes on in the next line."""
    return line.rstrip().endswith(("(", "{", ",", "\\"))
