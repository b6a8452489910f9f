"""The two texts of a changed file of code: their trees, definitions, and statements near the changes."""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from assist_context.code.definitions import FUNCTIONS
from assist_context.code.symbols import Definition, symbols
from assist_context.code.trees.parsed_text import ParsedText
from assist_context.code.units import CodeUnit, code_units, is_within
from assist_context.documents import Document, split_lines
from assist_context.facts.compared_files import ComparedFile
from assist_context.languages import ECMASCRIPT, language_of
from assist_context.relations.counterparts import is_test
from assist_diffs.messages.things import IN_TEST, PRIVATE, WEIGHTS, ThingKind

TYPES = frozenset({"class", "struct", "interface", "trait", "enum", "type", "module", "namespace"})
VALUES = frozenset({"constant", "variable", "field", "property"})
_TEST_MODULE = re.compile(r"(?:^|\.)tests?(?:\.|$)")
_TEST_NAME = re.compile(r"(?:test|Test|Benchmark|Example|Fuzz)(?=[A-Z_\d]|$)")
# Code that no user of a project runs.
_NO_PRODUCT = re.compile(
    r"""
      (?:^|/)(?:bench(?:mark)?s?|examples?|fixtures?|testdata)(?=[/.])
    | \.config\.[cm]?[jt]s$
    | (?:^|/)\.\w+rc\.[cm]?js$
    """,
    re.VERBOSE,
)
_HIDDEN = re.compile(r"^\s*(?:private|protected|#)")


@dataclass(frozen=True, slots=True)
class CodeSide:
    """One text of a file; `units` are the statements of the outermost nodes that have changed lines.

    `changed` are the lines that the other side has not.
    """

    path: str
    parsed: ParsedText
    definitions: Mapping[tuple[str, str], Definition]
    units: tuple[CodeUnit, ...]
    changed: frozenset[int]

    @property
    def lines(self) -> Sequence[str]:
        return self.parsed.document.lines

    def text(self, unit: CodeUnit) -> str:
        """The lines of a statement, in one."""
        return " ".join(line.strip() for line in self.lines[min(unit.lines) - 1 : max(unit.lines)])

    def body(self, site: Definition | None) -> str:
        """All lines of a definition, or of the file."""
        return "".join(self.lines if site is None else self.lines[site.start_line - 1 : site.end_line])

    def is_changed(self, unit: CodeUnit) -> bool:
        """Say whether a statement has a line that the other side has not."""
        return not self.changed.isdisjoint(unit.lines)

    def is_touched(self, site: Definition) -> bool:
        """Say whether a definition has such a line."""
        lines = sorted(self.changed)
        return bisect_right(lines, site.end_line) > bisect_right(lines, site.start_line - 1)

    def around(self, line: int) -> Definition | None:
        """The outermost function around a line, else the innermost other definition."""
        found = [site for site in self.definitions.values() if site.start_line <= line <= site.end_line]
        functions = [site for site in found if site.kind in FUNCTIONS]
        if functions:
            return max(functions, key=lambda site: site.end_line - site.start_line)
        return min(found, key=lambda site: site.end_line - site.start_line, default=None)

    def is_public(self, site: Definition) -> bool:
        """Say whether other files are meant to use a definition, as its language says it."""
        language = self.parsed.document.language.name
        parts = site.qualified.split(".")
        if language == "go":
            return all(part[:1].isupper() for part in parts)
        if language == "rust":
            return site.signature.lstrip().startswith("pub ")
        if language in ECMASCRIPT and not site.parent:
            text = self.parsed.document.text
            return "export" not in text or bool(re.search(rf"export[^;]*\b{re.escape(site.name)}\b", text))
        hidden = any(part.startswith(("_", "#")) and not part.endswith("__") for part in parts)
        return not hidden and _HIDDEN.match(site.signature) is None

    def is_test_code(self, site: Definition | None) -> bool:
        """Say whether a definition, or all of the file, is test code or otherwise not part of the product."""
        if is_test(self.path) or _NO_PRODUCT.search(self.path):
            return True
        return site is not None and _TEST_MODULE.search(site.qualified) is not None

    def is_test(self, site: Definition) -> bool:
        """Say whether a definition is a test."""
        if not self.is_test_code(site) or site.kind not in FUNCTIONS:
            return False
        above = "".join(self.lines[max(0, site.start_line - 3) : site.start_line])
        return _TEST_NAME.match(site.name) is not None or "test]" in above or "test(" in above


@dataclass(frozen=True, slots=True)
class CodeFile:
    """A changed file of code with both of its sides."""

    compared: ComparedFile
    old: CodeSide
    new: CodeSide

    def before(self, site: Definition | None) -> Definition | None:
        """The definition of the same name and kind on the old side."""
        return self.old.definitions.get((site.qualified, site.kind)) if site else None


def code_file(file: ComparedFile) -> CodeFile:
    """A file with its two sides."""
    return CodeFile(file, _side(file, old=True), _side(file, old=False))


def _side(file: ComparedFile, *, old: bool) -> CodeSide:
    language = language_of(file.path)
    text = file.old if old else file.new
    parsed = ParsedText(Document(file.path, split_lines(text), language))
    spans = [run[:2] if old else run[2:] for run in file.runs]
    changed = frozenset(line for first, last in spans for line in range(first, last + 1))
    # Where nothing is on this side, what is around it is what the other side has more of.
    near = [(first if first <= last else first - 1, max(first, last)) for first, last in spans]
    outermost = parsed.root.children if parsed.root is not None else []
    whole = [
        (node.start_point.row + 1, node.end_point.row + 1) for node in outermost if is_within(node, near)
    ]
    units = tuple(code_units(parsed, whole)) if whole else ()
    definitions = {(site.qualified, site.kind): site for site in symbols(language, text).definitions}
    return CodeSide(file.path, parsed, definitions, units, changed)


def weigh_change(kind: ThingKind, side: CodeSide, site: Definition | None) -> int:
    """Weigh a change in a definition: less if only its own file knows it, least in tests."""
    if side.is_test_code(site):
        return WEIGHTS[kind] - IN_TEST
    return WEIGHTS[kind] - (PRIVATE if site is not None and not side.is_public(site) else 0)
