"""The changes of a file whose definitions and statements are the same: imports, comments, order, spaces."""

import re
from collections import Counter
from collections.abc import Iterator

from assist_context.code.definitions import FUNCTIONS
from assist_context.code.symbols import Definition
from assist_context.code.trees.tokens import find_tokens
from assist_context.facts.compared_files import ComparedFile
from assist_diffs.messages.code_sides import CodeFile, CodeSide, weigh_change
from assist_diffs.messages.pages import corrected_word
from assist_diffs.messages.things import WEIGHTS, ChangedThing, code

_IMPORT = re.compile(r"import|^use_|^package|^mod_")
_IMPORT_WORDS = frozenset({"import", "from", "use", "type", "as"})
_MAX_NAMES = 3  # that are named
_IN_TESTS = 2  # less weight for comments of tests


def quiet_things(file: CodeFile) -> Iterator[ChangedThing]:
    """Yield the changes by the tokens of the changed lines."""
    path = file.new.path
    lines = _changed_lines(file.compared)
    old, new = (
        [token for line in sorted(side.changed) for token in _tokens(side, line)] for side in _sides(file)
    )
    has_other_text = "".join("".join(lines[0]).split()) != "".join("".join(lines[1]).split())
    if _are_imports(file, (*lines[0], *lines[1])):
        yield _import_thing(file, lines)
    elif old != new and Counter(old) == Counter(new):
        line = min(file.new.changed)
        site = file.new.around(line)
        place = ("in", (code(site.qualified if site else path),))
        weight = weigh_change("changed", file.new, site)
        yield ChangedThing("changed", path, line, "Reorder", ("lines",), place, "", weight)
    elif old == new and has_other_text:
        yield from _comment_things(file, lines)
    elif old == new and str(file.old.parsed.root) == str(file.new.parsed.root):
        yield ChangedThing("format", path, 1, "Reformat", (code(path),), weight=WEIGHTS["format"])
    else:
        weight = weigh_change("changed", file.new, None) - 10
        yield ChangedThing("changed", path, 1, "Change", (code(path),), weight=weight)


def _sides(file: CodeFile) -> tuple[CodeSide, CodeSide]:
    return file.old, file.new


def _tokens(side: CodeSide, line: int) -> Iterator[str]:
    """The tokens of a line, without texts of many lines: these are documentation, as no statement changed."""
    for token in find_tokens(side.parsed, line, line):
        if "\n" not in token.text and not token.text.startswith('"""'):
            yield token.text


def _changed_lines(file: ComparedFile) -> tuple[list[str], list[str]]:
    old, new = file.old.split("\n"), file.new.split("\n")
    gone = [line for low, high, _, _ in file.runs for line in old[low - 1 : high]]
    come = [line for _, _, start, end in file.runs for line in new[start - 1 : end]]
    return gone, come


def _are_imports(file: CodeFile, lines: tuple[str, ...]) -> bool:
    """Say whether all changed lines that are not blank are of imports."""
    known = {
        line.rstrip("\n")
        for side in _sides(file)
        for unit in side.units
        if _IMPORT.search(unit.type) or unit.words[:1] == ("use",)
        for line in side.lines[min(unit.lines) - 1 : max(unit.lines) + 1]
    }
    written = {line for line in lines if line.strip()}
    return bool(written) and written <= known


def _import_thing(file: CodeFile, lines: tuple[list[str], list[str]]) -> ChangedThing:
    """Name the imports that are new or gone."""
    side = file.new
    gone, come = (Counter(re.findall(r"[\w$]+", "\n".join(texts))) for texts in lines)
    lost = tuple(code(word) for word in gone - come if word not in _IMPORT_WORDS)
    new = tuple(code(word) for word in come - gone if word not in _IMPORT_WORDS)
    names: tuple[str, ...] = ("imports",)
    verb = "Sort" if gone == come else "Change"
    if lost and not new and len(lost) <= _MAX_NAMES:
        verb = "No longer import"
        names = lost
    elif new and not lost and len(new) <= _MAX_NAMES:
        verb = "Import"
        names = new
    weight = WEIGHTS["import"] - (10 if side.is_test_code(None) else 0)
    return ChangedThing("import", side.path, 1, verb, names, ("in", (code(side.path),)), "", weight)


def _comment_things(file: CodeFile, lines: tuple[list[str], list[str]]) -> Iterator[ChangedThing]:
    """Comments and docstrings that changed, with the definitions that they are about."""
    weight = WEIGHTS["docs"] - (_IN_TESTS if file.new.is_test_code(None) else 0)
    path = file.new.path
    corrected = corrected_word(lines[0][0], lines[1][0]) if len(lines[0]) == len(lines[1]) == 1 else None
    for _, _, start, end in file.compared.runs:
        site = _find_definition(file.new, start, max(start, end))
        about = (code(site.qualified if site else path),)
        if corrected is not None:
            words = f"{code(corrected[0])} to {code(corrected[1])}"
            yield ChangedThing(
                "docs", path, start, "Change", (words,), ("in a comment of", about), "", weight
            )
        elif not lines[0] and site is not None and site.kind in FUNCTIONS:
            yield ChangedThing("docs", path, start, "Document", about, weight=weight)
        else:
            yield ChangedThing("docs", path, start, "Update", ("comments",), ("of", about), "", weight)


def _find_definition(side: CodeSide, start: int, end: int) -> Definition | None:
    """The definition that comment lines are in, or right above; None for others."""
    sites = side.definitions.values()
    inside = [site for site in sites if site.start_line <= end and start <= site.end_line]
    inner = min(inside, key=lambda site: site.end_line - site.start_line, default=None)
    if inner is not None:
        return inner
    below = min(
        (site for site in sites if site.start_line > end), key=lambda site: site.start_line, default=None
    )
    if below is None or any(any(_tokens(side, line)) for line in range(end, below.start_line)):
        return None
    return below
