"""The imports that a small model writes above a function: which of them the file needs, and where they go.

A model sees the function alone, so it repeats imports that the file has, and invents some.
"""

import ast
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from assist_context.languages import language_of
from assist_context.syntax.symbols import Symbols, symbols
from assist_escalation.edits.matcher import Match
from assist_escalation.edits.plan import EditError, EditTarget, Hunk

_WORD = re.compile(r"\w+")
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


def imports_above(new: list[str], old: list[str], lines: list[str], target: EditTarget) -> AboveImports:
    """What becomes of the imports above the definition in a block; `EditError` if they have no place."""
    if old and _IMPORT.match(old[0]):
        return AboveImports()
    size = next((place for place, line in enumerate(new) if line.strip() and not _IMPORT.match(line)), 0)
    wanted = [line for line in new[:size] if line.strip()]
    bound = _bound_names(lines, target)
    code = set(_WORD.findall("\n".join(new[size:])))
    before = set(_WORD.findall("\n".join(old)))
    is_python = language_of(target.path).name == "python"
    missing = []
    for line in wanted:
        names = _python_names(line) if is_python else frozenset()
        if line in lines or _is_imported(line, lines, target) or (is_python and _FUTURE in line):
            continue
        if names and (names.isdisjoint(code) or names <= bound & before):
            continue
        if clash := sorted(names & bound):
            raise EditError(f"the answer imports {clash[0]}, but {target.path} has another one: ask again")
        missing.append(line)
    notes = []
    if len(wanted) > len(missing):
        what = f"left out {len(wanted) - len(missing)} imports above {target.name}"
        notes.append(f"{target.path}: {what}, which the file has or the code does not use")
    if not missing:
        return AboveImports(size, (), tuple(notes))
    place = _last_import(lines[: target.first - 1])
    if not place or any(_goes_on(line) for line in missing):
        raise EditError(
            f"the answer puts {len(missing)} imports above {target.name} that {target.path} does not have: "
            "add them at its top, or ask for an edit of the whole file"
        )
    if unknown := _unknown_module(missing, lines, target):
        raise EditError(
            f"the answer imports {unknown}, which nothing else in {target.path} imports: if it exists, add "
            "the import and ask again"
        )
    at = lines[place - 1]
    notes.append(f"{target.path}: {len(missing)} imports of the answer go below the file's own")
    added = Match(Hunk(place, place, "whole"), (at,), (at, *missing))
    return AboveImports(size, (added,), tuple(notes))


def _is_imported(line: str, lines: list[str], target: EditTarget) -> bool:
    """Whether the file takes the same names from the same module, at its top level."""
    language = language_of(target.path)
    found = symbols(language, "\n".join([*lines, ""])).imports
    here = {
        (each.level, each.module, name)
        for each in found
        if not is_inside(each.line, target) and not lines[each.line - 1][:1].isspace()
        for name in each.names
    }
    wanted = symbols(language, line + "\n").imports
    taken = {(each.level, each.module, name) for each in wanted for name in each.names}
    return bool(taken) and taken <= here


def _bound_names(lines: list[str], target: EditTarget) -> set[str]:
    """What the file imports or defines at its top level, outside of the code in question."""
    found = symbols(language_of(target.path), "\n".join([*lines, ""]))
    defined = {
        each.name for each in found.definitions if not each.parent and not is_inside(each.start_line, target)
    }
    return defined | imported_names(lines, found, target)


def imported_names(lines: list[str], found: Symbols, target: EditTarget) -> set[str]:
    """The names of the imports that are not indented and outside of the code in question."""
    return {
        name
        for each in found.imports
        if not is_inside(each.line, target) and not lines[each.line - 1][:1].isspace()
        for name in each.names
    }


def is_inside(line: int, target: EditTarget) -> bool:
    """Whether a line of the file belongs to the code in question."""
    return target.first <= line <= target.last


def _python_names(line: str) -> frozenset[str]:
    """The names that an import in one line of Python gives; none for all of a module."""
    try:
        [found] = ast.parse(line.strip()).body
    except (SyntaxError, ValueError):  # ValueError: two statements, or a null character
        return frozenset()
    if not isinstance(found, ast.Import | ast.ImportFrom):
        return frozenset()
    return frozenset(each.asname or each.name.partition(".")[0] for each in found.names) - {"*"}


def _unknown_module(missing: Sequence[str], lines: list[str], target: EditTarget) -> str:
    """A Python module among new imports that is neither of the standard library nor imported in the file.

    Small models invent modules. Other languages have no list of what is there.
    """
    language = language_of(target.path)
    if language.name != "python":
        return ""
    here = {each.module.partition(".")[0] for each in symbols(language, "\n".join([*lines, ""])).imports}
    found = [each for line in missing for each in symbols(language, line + "\n").imports if not each.level]
    tops = [each.module.partition(".")[0] for each in found]
    return next((top for top in tops if top not in here and top not in sys.stdlib_module_names), "")


def _last_import(lines: list[str]) -> int:
    """The number, from 1, of the last whole import that is not indented; 0 for none."""
    found = [at for at, line in enumerate(lines, 1) if _IMPORT.match(line) and not line[:1].isspace()]
    return found[-1] if found and not _goes_on(lines[found[-1] - 1]) else 0


def _goes_on(line: str) -> bool:
    """Whether an import goes on in the next line."""
    return line.rstrip().endswith(("(", "{", ",", "\\"))
