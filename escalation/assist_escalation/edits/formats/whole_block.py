"""Reads an answer as one fenced block that replaces a whole function or file.

This form is for small local models, which write a function well and a SEARCH block badly. This module knows
one file's text and the requested lines. It skips everything else in the answer.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from assist_context.code.symbols import Definition, symbols
from assist_context.documents import split_lines
from assist_context.languages import Language, language_of
from assist_escalation.edits.formats.imports_above import AboveImports, FileAround, file_around, imports_above
from assist_escalation.edits.formats.search_replace import MAX_CHARACTERS, MAX_LINES
from assist_escalation.edits.formats.tests_below import tests_below
from assist_escalation.edits.matcher import Match, bare_lines, shift
from assist_escalation.edits.plan import MARK, EditError, EditTarget, Hunk, OtherCodeError
from assist_escalation.prompts import fence

_OPENING = re.compile(r"(?P<indent>[ \t]*)(?P<run>`{3,}|~{3,})[ \t]*(?P<info>[^`\s]*)[^`]*")
_COMMENTS = ("#", "//", "/*", "*", "--")
_CONSTANT = re.compile(r"(?:pub |export |const |static |let |var )*([A-Za-z_]\w*)\b[^=(\n]*=(?!=)")
_LONG_TEXT = re.compile(r"\"{3}|'{3}|`")  # whose white space may be a part of it
NAMED = 3  # definitions that a note names
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

    A target without lines (`last` is `first` - 1) is a place: the block goes below line `last`, then blank.

    Imports that a model puts above a function are dropped if the file has their names, and else go below the
    file's own imports: above the function they would be in the middle of a file or a class.
    """
    lines = bare_lines(text)
    every = (target.first, target.last) == (1, max(len(lines), 1))
    if not every and not 1 <= target.first <= target.last + 1 <= len(lines) + 1:
        raise EditError(
            f"{target.path} has {len(lines)} lines, not {target.first} to {target.last}: ask again"
        )
    old = lines[target.first - 1 : target.last]
    new = list(_choose_block(answer, target, lines))
    new = [new[0].removeprefix(MARK), *new[1:]] if new else new
    imports = AboveImports()
    notes: tuple[str, ...] = ()
    if target.tests:
        new, insertions, notes = tests_below(_strip_blank_lines(new), lines, target)
        imports = AboveImports(0, insertions)
    elif not every or target.name:
        new = _strip_blank_lines(new)
        here = file_around(lines, target) if target.name else FileAround()
        imports = imports_above(new, lines, target, here) if target.name else imports
        new = new[imports.size :]
        new = _shift_to_old(new, old, target)
        _check_name(new, lines, target)
        new, notes = _drop_known(new, lines, target, here)
        if imports.added and new == _strip_blank_lines(old) and language_of(target.path).name != "python":
            raise EditError("the answer changes only imports, and what they name might not exist: ask again")
    if not any(line.strip() for line in new):
        raise EditError(f"the answer's block for {target.path} is empty: ask again")
    if target.last < target.first and not target.tests:
        new = ["", *new]
    hunk = Hunk(target.first, min(target.last, len(lines)), "whole")
    return (*imports.added, Match(hunk, tuple(old), tuple(new))), (*imports.notes, *notes)


def _choose_block(answer: str, target: EditTarget, lines: list[str]) -> tuple[str, ...]:
    """The lines of the block that the answer means."""
    if len(answer) > MAX_CHARACTERS:
        raise EditError(f"the answer has {len(answer)} characters, {MAX_CHARACTERS} at most: ask for less")
    blocks = _fenced_blocks(answer)
    language = language_of(target.path)
    if not blocks:
        raise EditError("the answer contains no fenced block of code: ask again")
    meant = blocks
    if len(blocks) > 1:
        pattern = re.compile(rf"(?<!\w){re.escape(target.name)}(?!\w)") if target.name else None
        meant = [block for block in blocks if block.info.split()[:1] == [target.path]]
        if len(meant) != 1:
            meant = [block for block in blocks if block.info.lower() in _names(language)]
        if len(meant) != 1 and pattern:
            meant = [block for block in meant or blocks if any(pattern.search(line) for line in block.lines)]
        # A fence within the code would look like several blocks. A parser notices that a block is cut;
        # without a parser nothing would.
        if not language.grammar or len(meant) != 1:
            raise EditError(
                f"the answer has {len(blocks)} fenced blocks, and it is not clear which is meant: ask again"
            )
    width = len(fence(lines[target.first - 1 : target.last]))
    if meant[0].width < width:
        raise EditError(
            f"the answer's fence has {meant[0].width} characters and {width} were asked for, since lines "
            f"{target.first}-{target.last} of {target.path} contain shorter ones: ask again"
        )
    if len(meant[0].lines) > MAX_LINES:
        raise EditError(
            f"the answer's block has {len(meant[0].lines)} lines, {MAX_LINES} at most: ask for less"
        )
    return meant[0].lines


def _names(language: Language) -> set[str]:
    suffixes = {suffix.removeprefix(".") for suffix in language.suffixes}
    return {language.name, *language.ids, *suffixes, *_INFO.get(language.name, ())}


def _fenced_blocks(answer: str) -> list[_Fenced]:
    """All fenced blocks. `EditError` if one has no end, as in an answer that was cut."""
    blocks: list[_Fenced] = []
    opening: re.Match[str] | None = None
    lines: list[str] = []
    for line in (line.rstrip("\r\n") for line in split_lines(answer)):
        match = _OPENING.fullmatch(line)
        if opening is None:
            opening = match
            lines = []
        elif match and _closes(match, opening):
            blocks.append(_Fenced(opening["info"], len(opening["run"]), tuple(lines)))
            opening = None
        else:
            lines.append(line.removeprefix(opening["indent"]))
    if opening is not None:
        raise EditError("the answer's block of code was cut off: ask for less, or ask again")
    return blocks


def _closes(match: re.Match[str], opening: re.Match[str]) -> bool:
    same = match["run"][0] == opening["run"][0] and match["indent"] == opening["indent"]
    return same and len(match["run"]) >= len(opening["run"]) and not match["info"]


def _strip_blank_lines(lines: list[str]) -> list[str]:
    """The lines without blank ones at both ends, which belong to the answer and not to the code."""
    full = [place for place, line in enumerate(lines) if line.strip()]
    return lines[full[0] : full[-1] + 1] if full else []


def _check_name(new: list[str], lines: list[str], target: EditTarget) -> None:
    """Refuse a block that does not define the requested name at its top level.

    If nothing is found in the block alone, it is read in its place: a method by itself is not correct code in
    most languages.
    """
    language = language_of(target.path)
    if not target.name or not (language.grammar or language.outline):
        return
    names = _outer_names(symbols(language, "\n".join(new) + "\n").definitions)
    if not names:
        names = _outer_names(_definitions_in_place(new, lines, target))
    if target.name.replace("::", ".").rpartition(".")[2] not in names:
        raise OtherCodeError(
            f"the answer's block does not define {target.name}: ask again, or delete or rename it by hand"
        )


def _drop_known(
    new: list[str], lines: list[str], target: EditTarget, here: FileAround
) -> tuple[list[str], tuple[str, ...]]:
    """The block without the definitions that the file has elsewhere, and notes.

    A model that has written what it was asked for often writes on: below such a definition all is left out.
    `EditError` if the block has something new there, changes a signature, or lacks the code in question.
    """
    language = language_of(target.path)
    if not target.name or language.name not in _NO_OVERLOADS:
        return new, ()
    # A setter has its property's name, and a fallback that of an import.
    names_here = {*here.definitions, *(("", name) for name in here.names)}
    names_here -= {(symbol.parent, symbol.name) for symbol in here.own}
    constants = {
        line: match[1] for line in new if (match := _CONSTANT.match(line)) and ("", match[1]) in names_here
    }
    if clash := [name for line, name in constants.items() if line not in lines]:
        raise EditError(f"the answer's block also defines {clash[0]}, which was not asked for: ask again")
    new = _strip_blank_lines([line for line in new if line not in constants])
    sites = _definitions_in_place(new, lines, target)
    notes: tuple[str, ...] = ()
    twice = [symbol for symbol in sites if (symbol.parent, symbol.name) in names_here]
    name = target.name.replace("::", ".").rpartition(".")[2]
    original = next((symbol for symbol in sites if symbol.name == name and symbol not in twice), None)
    alone = any(symbol.name == name and symbol.end_line == target.last for symbol in here.own)
    if original and alone and not any(symbol.start_line > original.end_line for symbol in sites):
        new, notes = _cut_statements(new, original.end_line - target.first + 1, target)
    if not twice:
        return new, notes
    below = [symbol.start_line for symbol in twice if original and symbol.start_line > original.end_line]
    end = min(below, default=target.first + len(new))
    gone = {line for symbol in twice for line in range(symbol.start_line, symbol.end_line + 1)}
    ends = [symbol for symbol in sites if symbol.start_line >= end and symbol.start_line not in gone]
    changes = [
        symbol for symbol in twice if _differs(symbol, here.definitions.get((symbol.parent, symbol.name)))
    ]
    if original is None or ends or changes:
        what = (ends or changes or twice)[0].name
        raise EditError(f"the answer's block also defines {what}, which was not asked for: ask again")
    rest = [line for at, line in enumerate(new, target.first) if at < end and at not in gone]
    least = original.end_line - target.first + 1 - sum(1 for line in gone if line < original.start_line)
    while below and len(rest) > least and (not rest[-1].strip() or rest[-1].lstrip().startswith(_COMMENTS)):
        rest.pop()
    names = tuple(dict.fromkeys(symbol.name for symbol in twice))
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    note = f"{target.path}: left out {', '.join(names[:NAMED])}{more}, which it has elsewhere"
    return _strip_blank_lines(rest), (*notes, note)


def _cut_statements(new: list[str], size: int, target: EditTarget) -> tuple[list[str], tuple[str, ...]]:
    """The block without the statements below its definition, such as a call that shows how it is used."""
    rest = [line for line in new[size:] if line.strip()]
    if all(line.lstrip().startswith(_COMMENTS) for line in rest):
        return new, ()
    return new[:size], (f"{target.path}: left out {len(rest)} lines below {target.name}",)


def _differs(definition: Definition, original: Definition | None) -> bool:
    """Say if a definition that the file has is written with another signature; an imported one has none."""
    return original is not None and _plain(definition.signature) != _plain(original.signature)


def _plain(signature: str) -> str:
    """A signature without blanks and without the comma after the last parameter."""
    return re.sub(r",(?=[)\]])", "", re.sub(r"\s", "", signature))


def _definitions_in_place(new: list[str], lines: list[str], target: EditTarget) -> list[Definition]:
    """Return what a block defines in its place in the file."""
    text = "\n".join([*lines[: target.first - 1], *new, *lines[target.last :], ""])
    end = target.first + len(new)
    sites = symbols(language_of(target.path), text).definitions
    return [definition for definition in sites if target.first <= definition.start_line < end]


def _outer_names(sites: Sequence[Definition]) -> set[str]:
    """The names of the definitions that are in no other one."""
    return {
        definition.name
        for definition in sites
        if not any(
            other.start_line <= definition.start_line and definition.end_line <= other.end_line
            and (other.start_line, other.end_line) != (definition.start_line, definition.end_line)
            for other in sites
        )
    }  # fmt: skip


def _shift_to_old(new: list[str], old: list[str], target: EditTarget) -> list[str]:
    """The block with the indentation of the lines that it replaces."""
    goal = _get_indent(next((line for line in old if line.strip()), ""))
    indent = _get_indent(next((line for line in new if line.strip()), ""))
    if goal == indent:
        return new
    lower = any(line.strip() and not line.startswith(goal) for line in old)  # in a string of several lines
    add = goal.removesuffix(indent) if goal.endswith(indent) else ""
    take = indent.removesuffix(goal) if indent.endswith(goal) else ""
    result = _shift_head(new, old, goal, indent)
    if result is None and not lower:
        result = _shift_by_steps(new, old, goal, indent)
    if result is None and not lower and (add or take):
        result = shift(new, add, take)
    if result is None:
        raise EditError(
            f"the answer's code is indented differently from lines {target.first} to {target.last} of "
            f"{target.path}, and cannot be shifted as a whole: ask again"
        )
    return result


def _get_indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _shift_head(new: list[str], old: list[str], goal: str, own: str) -> list[str] | None:
    """Lines, with only those as deep as the first one indented otherwise; the rest is as before."""
    rest = [_get_indent(line) for line in new if line.strip() and _get_indent(line) != own]
    there = [_get_indent(line) for line in old if line.strip() and _get_indent(line) != goal]
    deep = all(indent.startswith(goal) and indent != goal for indent in rest)
    if not rest or not deep or not there or rest[0] != there[0] or own.startswith(goal):
        return None
    return [goal + line.lstrip(" \t") if line.strip() and _get_indent(line) == own else line for line in new]


def _shift_by_steps(new: list[str], old: list[str], goal: str, indent: str) -> list[str] | None:
    """Lines whose steps are other ones, such as tabs or two blanks, with the file's steps."""
    depths = [_get_indent(line).removeprefix(indent) for line in new if line.strip()]
    steps = [_get_indent(line).removeprefix(goal) for line in old if line.strip()]
    step = min((own for own in depths if own), key=len, default="")
    depth_wanted = min((own for own in steps if own), key=len, default=goal)
    whole = all(line.startswith(indent) and not _LONG_TEXT.search(line) for line in new if line.strip())
    if not step or not depth_wanted or not whole:
        return None
    if any(own != step * (len(own) // len(step)) for own in depths):
        return None
    lines = iter(depths)
    return [
        goal + depth_wanted * (len(next(lines)) // len(step)) + line.lstrip(" \t") if line.strip() else line
        for line in new
    ]
