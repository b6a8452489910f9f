"""Reads an answer as one fenced block that replaces a whole function or file.

This form is for small local models, which write a function well and a SEARCH block badly. This module knows
one file's text and the requested lines. It skips everything else in the answer.
"""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from assist_context.documents import split_lines
from assist_context.languages import Language, language_of
from assist_context.syntax.symbols import Definition, symbols
from assist_escalation.edits.formats.search_replace import MOST_CHARACTERS, MOST_LINES
from assist_escalation.edits.matcher import Match, bare_lines, shift
from assist_escalation.edits.plan import MARK, EditError, EditTarget, Hunk, OtherCodeError, UnchangedError
from assist_escalation.prompts import fence

_OPENING = re.compile(r"(?P<indent>[ \t]*)(?P<run>`{3,}|~{3,})[ \t]*(?P<info>[^`\s]*)[^`]*")
_WORD = re.compile(r"\w+")
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
# What models write after a fence for our languages, in addition to the language's name and its suffixes.
_INFO = {
    "shellscript": {"bash", "sh", "shell"},
    "cpp": {"c++"},
    "csharp": {"c#"},
    "python": {"python3"},
    "javascript": {"node"},
}

# Languages in which a scope has one definition of a name.
_NO_OVERLOADS = frozenset({"python", "javascript", "typescript", "go", "rust", "ruby", "lua", "php"})


@dataclass(frozen=True, slots=True)
class _Fenced:
    info: str
    width: int
    lines: tuple[str, ...]


def find_whole(answer: str, target: EditTarget, text: str) -> tuple[tuple[Match, ...], tuple[str, ...]]:
    """The replacement of the target's lines, and notes for people. `EditError` if it is uncertain.

    Imports that a model puts above a function are dropped if the file has their names, and else go below the
    file's own imports: above the function they would be in the middle of a file or a class.
    """
    lines = bare_lines(text)
    every = (target.first, target.last) == (1, max(len(lines), 1))
    if not every and not 1 <= target.first <= target.last <= len(lines):
        raise EditError(
            f"{target.path} has {len(lines)} lines, not {target.first} to {target.last}: ask again"
        )
    old = lines[target.first - 1 : target.last]
    new = list(_choose_block(answer, target, lines))
    new = [new[0].removeprefix(MARK), *new[1:]] if new else new
    imports = _AboveImports()
    known: tuple[str, ...] = ()
    if not every or target.name:
        new = _strip_blank_lines(new)
        imports = _imports_above(new, old, lines, target) if target.name else imports
        new = new[imports.size :]
        new = _shift_to_old(new, old, target)
        _check_name(new, lines, target)
        new, known = _without_known(new, lines, target)
        if imports.added and new == _strip_blank_lines(old):
            raise UnchangedError("the answer changes no more than imports")
    if not any(line.strip() for line in new):
        raise EditError(f"the answer's block for {target.path} is empty: ask again")
    hunk = Hunk(target.first, min(target.last, len(lines)), "whole")
    return (*imports.added, Match(hunk, tuple(old), tuple(new))), (*imports.notes, *known)


def _choose_block(answer: str, target: EditTarget, lines: list[str]) -> tuple[str, ...]:
    """The lines of the block that the answer means."""
    if len(answer) > MOST_CHARACTERS:
        raise EditError(f"the answer has {len(answer)} characters, {MOST_CHARACTERS} at most: ask for less")
    blocks = _fenced_blocks(answer)
    language = language_of(target.path)
    if not blocks:
        raise EditError("the answer holds no fenced block of code: ask again")
    meant = blocks
    if len(blocks) > 1:
        named = re.compile(rf"(?<!\w){re.escape(target.name)}(?!\w)") if target.name else None
        meant = [each for each in blocks if each.info.split()[:1] == [target.path]]
        if len(meant) != 1:
            meant = [each for each in blocks if each.info.lower() in _names(language)]
        if len(meant) != 1 and named:
            meant = [each for each in meant or blocks if any(named.search(line) for line in each.lines)]
        # A fence within the code would look like several blocks. A parser notices that a block is cut;
        # without a parser nothing would.
        if not language.grammar or len(meant) != 1:
            raise EditError(
                f"the answer has {len(blocks)} fenced blocks, and which is meant is not certain: ask again"
            )
    width = len(fence(lines[target.first - 1 : target.last]))
    if meant[0].width < width:
        raise EditError(
            f"the answer's fence has {meant[0].width} characters and {width} were asked for, since "
            f"lines {target.first}-{target.last} of {target.path} hold shorter ones: ask again"
        )
    if len(meant[0].lines) > MOST_LINES:
        raise EditError(
            f"the answer's block has {len(meant[0].lines)} lines, {MOST_LINES} at most: ask for less"
        )
    return meant[0].lines


def _names(language: Language) -> set[str]:
    suffixes = {suffix.removeprefix(".") for suffix in language.suffixes}
    return {language.name, *language.lsp_ids, *suffixes, *_INFO.get(language.name, ())}


def _fenced_blocks(answer: str) -> list[_Fenced]:
    """All fenced blocks. `EditError` if one has no end, as in an answer that was cut."""
    blocks: list[_Fenced] = []
    opened: re.Match[str] | None = None
    lines: list[str] = []
    for line in (each.rstrip("\r\n") for each in split_lines(answer)):
        found = _OPENING.fullmatch(line)
        if opened is None:
            opened = found
            lines = []
        elif found and _closes(found, opened):
            blocks.append(_Fenced(opened["info"], len(opened["run"]), tuple(lines)))
            opened = None
        else:
            lines.append(line.removeprefix(opened["indent"]))
    if opened is not None:
        raise EditError("the answer's block of code has no end: it was cut off; ask for less, or again")
    return blocks


def _closes(found: re.Match[str], opened: re.Match[str]) -> bool:
    same = found["run"][0] == opened["run"][0] and found["indent"] == opened["indent"]
    return same and len(found["run"]) >= len(opened["run"]) and not found["info"]


def _strip_blank_lines(lines: list[str]) -> list[str]:
    """The lines without blank ones at both ends, which belong to the answer and not to the code."""
    full = [place for place, line in enumerate(lines) if line.strip()]
    return lines[full[0] : full[-1] + 1] if full else []


@dataclass(frozen=True, slots=True)
class _AboveImports:
    """The imports in the first `size` lines of a block: what becomes of them in the file."""

    size: int = 0
    added: tuple[Match, ...] = ()
    notes: tuple[str, ...] = ()


def _imports_above(new: list[str], old: list[str], lines: list[str], target: EditTarget) -> _AboveImports:
    """What becomes of the imports above the definition in a block; `EditError` if they have no place."""
    if old and _IMPORT.match(old[0]):
        return _AboveImports()
    size = next((place for place, line in enumerate(new) if line.strip() and not _IMPORT.match(line)), 0)
    wanted = [line for line in new[:size] if line.strip()]
    code = set(_WORD.findall("\n".join(new[size:])))
    has = _names_of_file(lines, target)
    missing = [line for line in wanted if line not in lines and _is_missing(line, has, code, target)]
    notes = []
    if len(wanted) > len(missing):
        what = f"left out {len(wanted) - len(missing)} imports above {target.name}"
        notes.append(f"{target.path}: {what}, which the file has or the code does not use")
    if not missing:
        return _AboveImports(size, (), tuple(notes))
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
    return _AboveImports(size, (added,), tuple(notes))


def _names_of_file(lines: list[str], target: EditTarget) -> set[str]:
    """The names that a file imports or defines at its top level."""
    found = symbols(language_of(target.path), "\n".join([*lines, ""]))
    imported = {name for each in found.imports for name in each.names}
    return imported | {each.name for each in found.definitions if not each.parent}


def _is_missing(line: str, has: set[str], code: set[str], target: EditTarget) -> bool:
    """Whether the code needs an import that the file lacks. What an import gives may be used without its name
    in Rust, and is not known for an import of more than one line.
    """
    language = language_of(target.path)
    taken = {name for each in symbols(language, line + "\n").imports for name in each.names}
    if taken and taken <= has:
        return False
    return language.name == "rust" or _goes_on(line) or not code.isdisjoint(_WORD.findall(line))


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


def _check_name(new: list[str], lines: list[str], target: EditTarget) -> None:
    """Refuse a block that does not define the requested name at its top level.

    If nothing is found in the block alone, it is read in its place: a method by itself is no correct code in
    most languages.
    """
    language = language_of(target.path)
    if not target.name or not (language.grammar or language.outline):
        return
    found = _outer_names(symbols(language, "\n".join(new) + "\n").definitions)
    if not found:
        found = _outer_names(_definitions_in_place(new, lines, target))
    if target.name.replace("::", ".").rpartition(".")[2] not in found:
        raise OtherCodeError(
            f"the answer's block does not define {target.name} itself: ask again, or delete or rename it by "
            "hand"
        )


def _without_known(new: list[str], lines: list[str], target: EditTarget) -> tuple[list[str], tuple[str, ...]]:
    """The block without the definitions that the file has elsewhere, and notes.

    A model that has written what it was asked for often writes on: below such a definition all is left out.
    `EditError` if the block has something new there, or lacks the code in question.
    """
    language = language_of(target.path)
    if not target.name or language.name not in _NO_OVERLOADS:
        return new, ()
    found = symbols(language, "\n".join([*lines, ""]))
    inside = range(target.first, target.last + 1)
    own = {(each.parent, each.name) for each in found.definitions if each.start_line in inside}
    kept = {(each.parent, each.name) for each in found.definitions} - own  # a setter has its property's name
    kept |= {("", name) for each in found.imports if each.line not in inside for name in each.names}
    written = _definitions_in_place(new, lines, target)
    twice = [each for each in written if (each.parent, each.name) in kept]
    if not twice:
        return new, ()
    name = target.name.replace("::", ".").rpartition(".")[2]
    wanted = next((each for each in written if each.name == name and each not in twice), None)
    below = [each.start_line for each in twice if wanted and each.start_line > wanted.end_line]
    end = min(below, default=target.first + len(new))
    others = [each for each in written if each.start_line >= end and each.parent == twice[0].parent]
    if wanted is None or any(each not in twice for each in others):
        raise EditError(
            f"the answer's block also defines {twice[0].name}, which {target.path} has elsewhere: ask again"
        )
    gone = {line for each in twice for line in range(each.start_line, each.end_line + 1)}
    left = [line for at, line in enumerate(new, target.first) if at < end and at not in gone]
    while left and (not left[-1].strip() or (below and left[-1].lstrip().startswith(("#", "//")))):
        left.pop()
    names = ", ".join(dict.fromkeys(each.name for each in twice))
    return _strip_blank_lines(left), (f"{target.path}: left out {names}, which it has elsewhere",)


def _definitions_in_place(new: list[str], lines: list[str], target: EditTarget) -> list[Definition]:
    """What a block defines in its place in the file."""
    text = "\n".join([*lines[: target.first - 1], *new, *lines[target.last :], ""])
    end = target.first + len(new)
    found = symbols(language_of(target.path), text).definitions
    return [each for each in found if target.first <= each.start_line < end]


def _outer_names(found: Sequence[Definition]) -> set[str]:
    """The names of the definitions that are in no other one."""
    return {
        each.name
        for each in found
        if not any(
            other.start_line <= each.start_line and each.end_line <= other.end_line
            and (other.start_line, other.end_line) != (each.start_line, each.end_line)
            for other in found
        )
    }  # fmt: skip


def _shift_to_old(new: list[str], old: list[str], target: EditTarget) -> list[str]:
    """The block with the indentation of the lines that it replaces."""
    there = next((line for line in old if line.strip()), "")
    here = next((line for line in new if line.strip()), "")
    goal, given = (line[: len(line) - len(line.lstrip(" \t"))] for line in (there, here))
    if goal == given:
        return new
    add = goal.removesuffix(given) if goal.endswith(given) else ""
    take = given.removesuffix(goal) if given.endswith(goal) else ""
    lower = any(line.strip() and not line.startswith(goal) for line in old)  # in a string of several lines
    result = shift(new, add, take) if add or take else None
    if result is None or lower:
        raise EditError(
            f"the answer's code is indented otherwise than lines {target.first} to {target.last} of "
            f"{target.path}, and cannot be shifted as a whole: ask again"
        )
    return result
