"""Whether claims hold: each is checked by a parser, a language server, git, or the text of the line.

Uses that a server knows and the facts lack are found, too. It asks servers and reads files.
"""

import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from assist_context.languages import language_of
from bench.facts.claims import Claim, DrawnFacts
from bench.facts.server_oracle import OutlineSymbol, ServerOracle, ServerPlace
from bench.facts.syntax_oracle import SyntaxRow
from bench.facts.workspaces import FactWorkspace

# The kinds of symbols of the protocol that each kind of ours may be.
_METHOD = 6
_CONSTRUCTOR = 9
_FUNCTION = 12
_CLASS = frozenset({5, 23})
_KINDS: Mapping[str, frozenset[int]] = {
    "function": frozenset({_FUNCTION, 14, 13}),
    "method": frozenset({_METHOD, _FUNCTION, _CONSTRUCTOR, 7}),
    "constructor": frozenset({_METHOD, _CONSTRUCTOR}),
    "class": _CLASS,
    "struct": _CLASS,
    "interface": frozenset({11}),
    "trait": frozenset({11}),
    "enum": frozenset({10, 5}),
    "type": frozenset(
        {5, 10, 11, 13, 14, 23, 26, 12, 2, 3, 4, 15, 18, 19, 20, 21, 22, 24, 25, 6, 7, 8, 9, 16, 17}
    ),
    "module": frozenset({2, 3}),
    "macro": frozenset({_FUNCTION, _METHOD}),
}
_AROUND = frozenset({5, 6, 9, 10, 11, 12, 23})  # what is around a use, if it has a name
_USE_OF_RUST = re.compile(r"^\s*(?:pub(?:\([\w: ]+\))?\s+)?use\b[^;]*;", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Judge:
    """Checks the claims of one workspace. `rows` are those of parsers, by path."""

    workspace: FactWorkspace
    server: ServerOracle
    rows: Mapping[str, Sequence[SyntaxRow]]
    _uses: dict[tuple[str, int, str], set[tuple[str, int, int]]] = field(default_factory=dict)

    def holds(self, drawn: DrawnFacts, claim: Claim) -> bool | None:
        """Whether a claim holds; None if nothing here can tell."""
        checks: Mapping[str, Callable[[DrawnFacts, Claim], bool | None]] = {
            "what": self._is_what,
            "signature": self._is_signature,
            "says": self._is_near,
            "calls": self._is_called,
            "meaning of a call": self._means,
            "use": self._is_use,
            "use by name": self._has_name,
            "what is around a use": self._is_around,
            "member": self._is_member,
            "to do": self._has_text,
            "commit": self._is_commit,
        }
        return checks.get(claim.kind, self._is_statement)(drawn, claim)

    def missing_uses(self, drawn: DrawnFacts) -> tuple[set[tuple[str, int]], set[tuple[str, int]]] | None:
        """The lines that use a definition by the server, and those of them that facts lack."""
        found = self._server_uses(drawn)
        if found is None:
            return None
        site = drawn.facts.definition
        path = drawn.facts.path
        lines = {
            (used, line)
            for used, line, column in found
            if not (used == path and site.start_line <= line <= site.end_line)
            and not self._is_import(used, line)
            and not self._is_defined(used, line, site.name)
            and self._is_code(used, line, column, site.name)
        }
        return lines, lines - {(use.path, use.line) for use in drawn.uses} - drawn.counted

    def _is_statement(self, drawn: DrawnFacts, claim: Claim) -> bool | None:
        site = drawn.facts.definition
        lines = site.start_line, site.end_line
        wanted = _squeeze(claim.text)
        cut = wanted.removesuffix("...") if claim.text.endswith(" ...") else None
        if claim.path not in self.rows:  # a parser is lacking: at least the text is there
            parts = claim.text.split(": ") if claim.kind == "guard" else [claim.text]
            text = _squeeze(self._text(claim.path, claim.line, lines[1]))
            return lines[0] <= claim.line <= lines[1] and all(
                _squeeze(part).removesuffix("...") in text for part in parts
            )
        for row in self.rows[claim.path]:
            if row.kind != claim.kind or row.line != claim.line:
                continue
            around = [one for one in row.functions if lines[0] <= one[0] and one[1] <= lines[1]]
            text = _squeeze(row.text).removesuffix(";")
            same = text in (wanted, f"({wanted})") or _bare(text) == _bare(wanted)
            begins = cut is not None and _bare(text).startswith(_bare(cut))
            if len(around) == 1 and (same or begins):
                return True
        return False

    def _is_what(self, drawn: DrawnFacts, claim: Claim) -> bool | None:
        site = drawn.facts.definition
        symbol = self._symbol(drawn)
        if symbol is None:
            return None
        if site.kind not in _KINDS:  # a value, of which some servers tell no more than the place of its name
            return symbol.kind not in (_FUNCTION, _METHOD)
        return symbol.last == site.end_line and symbol.kind in _KINDS[site.kind]

    def _is_signature(self, drawn: DrawnFacts, claim: Claim) -> bool:
        site = drawn.facts.definition
        return _squeeze(claim.text) in _squeeze(self._text(claim.path, site.start_line, site.end_line))

    def _has_name(self, drawn: DrawnFacts, claim: Claim) -> bool:
        return bool(_columns(self._line(claim.path, claim.line), claim.text, language_of(claim.path).sigil))

    def _has_text(self, drawn: DrawnFacts, claim: Claim) -> bool:
        return claim.text in self._line(claim.path, claim.line)

    def _symbol(self, drawn: DrawnFacts) -> OutlineSymbol | None:
        site = drawn.facts.definition
        for symbol in self.server.outline(drawn.facts.path):
            if _bare_name(symbol.name) == site.name and site.start_line <= symbol.named <= site.end_line:
                return symbol
        return None

    def _is_near(self, drawn: DrawnFacts, claim: Claim) -> bool:
        """Whether each word of a comment is around the definition."""
        text = self._text(claim.path, max(1, claim.line - 60), claim.line + 60)
        return set(re.findall(r"\w+", claim.text)) <= set(re.findall(r"\w+", text))

    def _is_called(self, drawn: DrawnFacts, claim: Claim) -> bool | None:
        rows = self.rows.get(claim.path)
        if rows is None:
            return (
                re.search(
                    rf"\b{re.escape(claim.text)}\b\s*(?:::<|!?[\(\[{{])", self._line(claim.path, claim.line)
                )
                is not None
            )
        return any(row.kind == "call" and row.line == claim.line and row.text == claim.text for row in rows)

    def _means(self, drawn: DrawnFacts, claim: Claim) -> bool | None:
        meant = set()
        for column in _columns(self._line(claim.path, claim.line), claim.text, language_of(claim.path).sigil):
            meant |= self.server.definitions(claim.path, claim.line, column)
        if not meant or claim.defined is None:
            return None
        path, line = claim.defined
        around = [
            (site.start_line, site.end_line)
            for site in self.workspace.corpus.outline(path, claim.text)
            if site.start_line == line
        ]
        return any(
            place[0] == path and first <= place[1] <= last for place in meant for first, last in around
        )

    def _is_use(self, drawn: DrawnFacts, claim: Claim) -> bool | None:
        if self._is_import(claim.path, claim.line):
            return False
        known = {(path, line) for path, line, _ in self._server_uses(drawn) or ()}
        for line, _ in self._twins(drawn):
            known |= self._uses_at(drawn.facts.path, line, drawn.facts.definition.name)
        return True if (claim.path, claim.line) in known else self._is_same_by_definition(drawn, claim)

    def _is_same_by_definition(self, drawn: DrawnFacts, claim: Claim) -> bool | None:
        """Whether the server says from the line's side that it means the definition."""
        meant = set()
        for column in _columns(self._line(claim.path, claim.line), claim.text, language_of(claim.path).sigil):
            meant |= self.server.definitions(claim.path, claim.line, column)
        if not meant:
            return None
        twins = self._twins(drawn)
        return any(
            (path == drawn.facts.path and any(first <= line <= last for first, last in twins))
            or self._is_twin_of_go(drawn, path, line)
            for path, line in meant
        )

    def _is_twin_of_go(self, drawn: DrawnFacts, path: str, line: int) -> bool:
        """Whether a place is the same definition for another system, in another file of its package."""
        if not path.endswith(".go") or path.rpartition("/")[0] != drawn.facts.path.rpartition("/")[0]:
            return False
        site = drawn.facts.definition
        found = self.workspace.corpus.outline(path, site.name, site.parent)
        return any(other.kind == site.kind and other.start_line <= line <= other.end_line for other in found)

    def _twins(self, drawn: DrawnFacts) -> set[tuple[int, int]]:
        """The lines of a definition, and of others of the same name there, such as one for each system."""
        path, site = drawn.facts.path, drawn.facts.definition
        found = self.workspace.corpus.outline(path, site.name, site.parent)
        lines = {(other.start_line, other.end_line) for other in found if other.kind == site.kind}
        symbol = self._symbol(drawn)
        same = self.server.outline(path) if symbol is not None else []
        named = (symbol.name, symbol.kind, symbol.parent) if symbol is not None else None
        return lines | {(one.named, one.last) for one in same if (one.name, one.kind, one.parent) == named}

    def _uses_at(self, path: str, line: int, name: str) -> set[ServerPlace]:
        columns = _columns(self._line(path, line), name, language_of(path).sigil)
        return {place[:2] for place in self.server.uses(path, line, columns[0])} if columns else set()

    def _server_uses(self, drawn: DrawnFacts) -> set[tuple[str, int, int]] | None:
        symbol = self._symbol(drawn)
        if symbol is None:
            return None
        path = drawn.facts.path
        name = drawn.facts.definition.name
        columns = _columns(self._line(path, symbol.named), name, language_of(path).sigil)
        if not columns:
            return None
        key = path, symbol.named, name
        if key not in self._uses:
            self._uses[key] = self.server.uses(path, symbol.named, columns[0])
        return self._uses[key]

    def _is_around(self, drawn: DrawnFacts, claim: Claim) -> bool | None:
        around = [
            symbol
            for symbol in self.server.outline(claim.path)
            if symbol.first <= claim.line <= symbol.last and symbol.kind in _AROUND
        ]
        if claim.text:
            last = claim.text.rpartition(".")[2]
            every = self.server.outline(claim.path)
            inside = {_bare_name(one.name) for one in every if one.first <= claim.line <= one.last}
            return last in inside or None
        return (
            not [symbol for symbol in around if "callback" not in symbol.name and symbol.first < claim.line]
            or None
        )

    def _is_member(self, drawn: DrawnFacts, claim: Claim) -> bool | None:
        rows = self.rows.get(claim.path, ())
        named = f"{drawn.facts.definition.name}.{claim.text}"
        if any(row.kind == "member" and row.text == named for row in rows):
            return True
        site = drawn.facts.definition
        member = next(
            one for one in drawn.facts.members if (one.name, one.start_line) == (claim.text, claim.line)
        )
        inside = [
            symbol
            for symbol in self.server.outline(claim.path)
            if _bare_name(symbol.name) == claim.text and member.start_line <= symbol.named <= member.end_line
        ]
        return bool(inside) and (
            site.name in inside[0].parent
            or site.name in inside[0].name
            or site.start_line <= inside[0].named <= site.end_line
        )

    def _is_commit(self, drawn: DrawnFacts, claim: Claim) -> bool:
        """Whether a commit has the subject that is said, and is the last one of so many lines."""
        site = drawn.facts.definition
        revision, _, subject = claim.text.partition(" ")
        blamed = self._git(
            "blame", "-l", "-s", f"-L{site.start_line},{site.end_line}", "HEAD", "--", claim.path
        ).splitlines()
        count = sum(line.lstrip("^").startswith(revision[:39]) for line in blamed)
        message = self._git("log", "-1", "--format=%B", revision).lstrip()
        return count == claim.line and message.partition("\n")[0].strip() == subject.strip()

    def _git(self, *arguments: str) -> str:
        command = ["git", *arguments]
        done = subprocess.run(command, cwd=self.workspace.root, capture_output=True, check=True)
        return done.stdout.decode("utf-8", "replace")

    def _is_import(self, path: str, line: int) -> bool:
        rows = self.rows.get(path)
        if rows is not None:
            return any(row.kind == "import" and row.line <= line <= row.last for row in rows)
        text = "\n".join(self.server.lines(path))
        return any(
            text.count("\n", 0, found.start()) + 1 <= line <= text.count("\n", 0, found.end()) + 1
            for found in _USE_OF_RUST.finditer(text)
        )

    def _is_defined(self, path: str, line: int, name: str) -> bool:
        """Whether a line defines another thing of the name, such as the same method of another class."""
        if re.match(rf"\s*(?:async\s+)?(?:def|class)\s+{re.escape(name)}\b", self._line(path, line)):
            return True  # of overloads, a server's outline has the last one only
        return any(one.named == line and _bare_name(one.name) == name for one in self.server.outline(path))

    def _is_code(self, path: str, line: int, units: int, name: str) -> bool:
        """Whether a place has the name as it is, in no string."""
        text = self._line(path, line).encode("utf-16-le")
        before = text[: 2 * units].decode("utf-16-le")
        after = text[2 * units :].decode("utf-16-le")
        return after.startswith(name) and not before.endswith(('"', "'"))

    def _line(self, path: str, line: int) -> str:
        lines = self.server.lines(path)
        return lines[line - 1] if 0 < line <= len(lines) else ""

    def _text(self, path: str, first: int, last: int) -> str:
        return "\n".join(self.server.lines(path)[first - 1 : last])


def _squeeze(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _bare(text: str) -> str:
    """Text without brackets, commas and semicolons: one side keeps those around a whole condition."""
    return re.sub(r"[();,\\]", "", text)


def _bare_name(name: str) -> str:
    """The last name of a symbol as servers write it.

    >>> _bare_name("(*Context).Reset"), _bare_name("Box<T>")
    ('Reset', 'Box')
    """
    return re.split(r"[<(]", name.rpartition(".")[2])[0].strip()


def _columns(line: str, name: str, sigil: str = "") -> list[int]:
    """The columns of a name in a line; where variables have a sigil, one with it is the same name."""
    edge = r"\w" if sigil else r"[\w$]"
    return [match.start() for match in re.finditer(rf"(?<!{edge}){re.escape(name)}(?!{edge})", line)]
