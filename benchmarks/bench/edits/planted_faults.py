"""One change of what code does, planted into the new text of a refactoring, in a definition that it changed.

It reads lines by regular expressions, so that it may change what our own comparison overlooks; a parser only
says that the line is code and that the text has no new syntax error.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Literal

from assist_context.code.definitions import FUNCTIONS
from assist_context.code.symbols import symbols
from assist_context.code.trees.fragments import errors
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.documents import Document, split_lines
from assist_context.facts.operator_changes import EditedText
from assist_context.languages import language_of

LogicFaultKind = Literal["negation", "operator", "literal", "call", "leave", "other call", "store"]
KINDS: tuple[LogicFaultKind, ...] = (
    "negation",
    "operator",
    "literal",
    "call",
    "leave",
    "other call",
    "store",
)
# Calls that are easily mixed up.
_MIXED_UP = """
any all / min max / some every / startswith endswith / startsWith endsWith / lower upper /
push unshift / HasPrefix HasSuffix / starts_with ends_with / is_some is_none /
is_ok is_err / lstrip rstrip / first last / append extend / floor ceil / split rsplit /
Lock Unlock / Index LastIndex / shift pop / setattr getattr / find filter /
indexOf lastIndexOf / unwrap unwrap_or_default / trim trim_end / get pop / keys values /
ok err / Print Println / len sum / isinstance issubclass / strip lstrip
"""
_NO_LOGIC = re.compile(
    r"""\s*(?:import|from|use|package|(?:async[ ])?def|"[^"]*"$|class|func|fn|@|\#|//|\*|type[ ]|export[ ]type
    |interface[ ]|\[)""",
    re.VERBOSE,
)
_WORDS = "if|for|while|switch|return|in|func|function|and|or|not|match"  # that a bracket may follow
_SUBSTITUTES: dict[LogicFaultKind, list[tuple[str, str]]] = {
    "negation": [
        (r"\bnot in\b", "in"), (r"(?<!not)(?<!for \w) in (?![^\n]*:\s*$)", " not in "),
        (r"\bis not\b", "is"), (r"\bis (?!not)", "is not "),
        (r"\bif not ", "if "), (r"\b(if|elif|while) (?!not\b|let\b)([\w.]+)(:| \{)$", r"\1 not \2\3"),
        (r"\bif \(!", "if ("), (r"\bif \((?!!)([\w.]+)\)", r"if (!\1)"),
        (r"\bif !", "if "), (r"\bif (?!let\b|not\b)([\w.]+(?:\([^()]*\))?) \{$", r"if !\1 {"),
        (r"&& !", "&& "), (r"\band not ", "and "), (r"\breturn not ", "return "),
    ],
    "operator": [
        (r"\band\b", "or"), (r" or ", " and "), (r"&&", "||"), (r" \|\| ", " && "),
        (r"===", "!=="), (r"!==", "==="), (r" == ", " != "), (r" != ", " == "),
        (r" <= ", " < "), (r" >= ", " > "), (r" < ", " <= "), (r" > ", " >= "), (r" \+ ", " - "),
        (r" - ", " + "), (r" \+= ", " -= "), (r" \* ", " / "),
    ],
    "literal": [
        (r"(?<![\w.\"'%-])(\d+)(?![\w.\"'])", "+1"), (r"\bTrue\b", "False"), (r"\bFalse\b", "True"),
        (r"\btrue\b", "false"), (r"\bfalse\b", "true"), (r"([\"'])(\w{3,12})\1", r"\1\2x\1"),
    ],
    "call": [
        (r"^(\s*)(?:self\.|this\.)?[\w.]+\([^()]*\);?$", ""),
        (rf"(?<=[ (=])(?!(?:{_WORDS})\b)[a-z][\w.]*\((\w+)\)", r"\1"),
    ],
    "leave": [
        (r"^(\s*)return (.+)$", r"\1\2"), (r"^(\s*)raise (.+)$", r"\1\2"), (r"^(\s*)throw (.+)$", r"\1\2"),
        (r"^(\s*)(?:return|continue|break);?$", r"\1pass"), (r"^(\s*)panic\((.+)$", r"\1_ = (\2"),
    ],
    "store": [(r"^(\s*)(?:self|this|[a-z]+)\.[\w.]+ = [^=].*[^(,{\[]$", r"\1pass")],
    "other call": [
        (rf"\b{one}(?=\()", other)
        for pair in _MIXED_UP.split("/")
        for one, other in (pair.split(), reversed(pair.split()))
    ],
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RefactoringCommit:
    """A commit as an edit: its subject is the wish; `group` is a list of `refactorings.toml`."""

    id: str
    group: str
    wish: str
    texts: tuple[EditedText, ...]


@dataclass(frozen=True, slots=True)
class PlantedFault:
    """A refactoring with a fault: where it is in the new text, and the line before and with it."""

    edit: RefactoringCommit
    kind: LogicFaultKind
    place: str
    about: str


def plant_fault(edit: RefactoringCommit, kind: LogicFaultKind, rng: random.Random) -> PlantedFault | None:
    """The edit with one fault of a kind, None where there is no place for it."""
    texts = list(edit.texts)
    for text in rng.sample(texts, len(texts)):
        places = list(_faults(text, kind))
        rng.shuffle(places)
        for line, new in places[:40]:
            lines = list(split_lines(text.after))
            old = lines[line - 1]
            lines[line - 1] = new
            after = "".join(lines)
            if after == text.before or not _is_sound(text, after):
                continue
            changed = tuple(replace(other, after=after) if other is text else other for other in texts)
            about = f"{old.strip()} -> {new.strip()}"
            return PlantedFault(replace(edit, texts=changed), kind, f"{text.path}:{line}", about)
    return None


def _is_sound(text: EditedText, after: str) -> bool:
    language = language_of(text.path)
    return (errors(language, after) or 0) <= (errors(language, text.after) or 0)


def _faults(text: EditedText, kind: LogicFaultKind) -> Iterator[tuple[int, str]]:
    """Lines in changed definitions, with the fault."""
    parsed = ParsedText(Document(text.path, split_lines(text.after), language_of(text.path)))
    lines = split_lines(text.after)
    starts = parsed.source.starts
    python = text.path.endswith(".py")
    for line in _changed_lines(text):
        bare = lines[line - 1].rstrip("\r\n")
        if _NO_LOGIC.match(bare):
            continue
        for pattern, new in _SUBSTITUTES[kind]:
            for match in re.finditer(pattern, bare):
                at = starts[line - 1] + len(
                    bare[: match.start() + len(match[0]) - len(match[0].lstrip())].encode()
                )
                where = parsed.kind(at, at + 1)
                node = parsed.node(at, at + 1)
                if node is not None and "\n" in (node.text or b"").decode() and "string" in node.type:
                    continue  # a documentation, most often
                if where == "comment" or (where == "string" and kind != "literal") or _is_type_only(bare):
                    continue
                made = match.expand(new) if new != "+1" else str(int(match[1]) + 1)
                if kind == "call" and not new:
                    made = f"{match[1]}pass" if python else match[1]
                if kind in ("leave", "store") and not python:
                    made = made.replace("pass", "")
                yield line, bare[: match.start()] + made + bare[match.end() :] + "\n"


def _is_type_only(line: str) -> bool:
    return (
        "Literal[" in line
        or bool(re.match(r"\s*(?:\w+: [\w\[\].| ,\"]+|[|&?:] .*)$", line))
        or '"""' in line
        or "..." in line
    )


def _changed_lines(text: EditedText) -> list[int]:
    """The lines of the innermost functions that were changed, else the changed lines with some around."""
    old, new = split_lines(text.before), split_lines(text.after)
    steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    changed = {
        line for step, _, _, start, end in steps if step != "equal" for line in range(start + 1, end + 1)
    }
    found = set(changed)
    for site in symbols(language_of(text.path), text.after).definitions:
        if site.kind in FUNCTIONS and changed & set(range(site.start_line, site.end_line + 1)):
            found |= set(range(site.start_line, site.end_line + 1))
    return sorted(found)
