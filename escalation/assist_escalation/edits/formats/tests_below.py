"""New tests below a file's: their imports go to its own, and no name is taken twice.

A test with a name that the file has would replace the old one without a word. This module knows one file's
text, and not what the tests say.
"""

import re
from collections.abc import Sequence

from assist_context.languages import language_of
from assist_escalation.edits.formats.imports_above import file_around, goes_on, imports_above, is_import
from assist_escalation.edits.matcher import Match
from assist_escalation.edits.plan import EditError, EditTarget

_DEFINED = re.compile(r"(?P<start>(?:async\s+)?def\s+|class\s+)(?P<name>\w+)")  # of Python, not indented
_BLANK = {"python": 2}  # lines between two definitions


def tests_below(
    new: Sequence[str], lines: list[str], target: EditTarget
) -> tuple[list[str], tuple[Match, ...], tuple[str, ...]]:
    """The lines to add, the imports to add to the file's own, and notes for people.

    Imports that the file has are left out. Where it has none of its own, or where one goes over several
    lines, they stay above the tests. `EditError` for a module that nothing there knows, or if no test is new.
    """
    here = file_around(lines, target)
    tests = list(new)
    insertions: tuple[Match, ...] = ()
    notes: tuple[str, ...] = ()
    first = [line for line in tests if is_import(line)]
    if here.last and not any(map(goes_on, (*first, lines[here.last - 1]))):
        imports = imports_above(tests, lines, target, here)
        tests = tests[imports.size :]
        insertions = imports.added
        notes = imports.notes
    while tests and not tests[0].strip():
        tests.pop(0)
    language = language_of(target.path).name
    if language == "python":
        names = {name for parent, name in here.definitions if not parent}
        tests, repeats = _drop_repeated(tests, lines)
        notes += tuple(f"{target.path}: {name} is there already, word for word" for name in repeats)
        tests, new_names = _rename_taken(tests, names)
        notes += tuple(
            f"{target.path}: {old} is there already, so the new one is {name}" for old, name in new_names
        )
    between = _BLANK.get(language, 1) - (bool(lines) and not lines[-1].strip())
    return [*[""] * between, *tests], insertions, notes


def _drop_repeated(tests: Sequence[str], lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """The definitions that the file does not have with the same text, and the names of those that it has.

    >>> _drop_repeated(["def test_a(): f()", "def test_b(): g()"], ["def test_b(): g()"])
    (['def test_a(): f()'], ['test_b'])
    """
    blocks: list[list[str]] = [[]]
    is_decorated = False
    for line in tests:
        if (line.startswith("@") or _DEFINED.match(line)) and not is_decorated:
            blocks.append([])
        is_decorated = (is_decorated or line.startswith("@")) and _DEFINED.match(line) is None
        blocks[-1].append(line)
    there = _whole_lines(lines)
    repeats = [block for block in blocks[1:] if _whole_lines(block) in there]
    names = [match["name"] for block in repeats for match in map(_DEFINED.match, block) if match]
    rest = [line for block in blocks if block not in repeats for line in block]
    if names and not any(map(_DEFINED.match, rest)):
        raise EditError(f"the answer only repeats tests of the file ({', '.join(names)}): ask again")
    return rest, names


def _whole_lines(lines: Sequence[str]) -> str:
    return "".join(f"\n{line.rstrip()}" for line in lines if line.strip()) + "\n"


def _rename_taken(tests: Sequence[str], existing_names: set[str]) -> tuple[list[str], list[tuple[str, str]]]:
    """The tests with a number after each name that is taken, and what was renamed.

    >>> _rename_taken(["def test_a():", "    pass"], {"test_a", "test_a_2"})
    (['def test_a_3():', '    pass'], [('test_a', 'test_a_3')])
    """
    lines: list[str] = []
    new_names: list[tuple[str, str]] = []
    occupied = set(existing_names)
    for line in tests:
        match = _DEFINED.match(line)
        if match is None:
            lines.append(line)
            continue
        names = (match["name"], *(f"{match['name']}_{number}" for number in range(2, 1_000)))
        free = next(name for name in names if name not in occupied)
        occupied.add(free)
        lines.append(f"{match['start']}{free}{line[match.end() :]}")
        if free != match["name"]:
            new_names.append((match["name"], free))
    return lines, new_names
