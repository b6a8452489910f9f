"""The lines that a small prompt shows of those that are too far above the cursor for it: the imports that the
visible names use, the heads of the blocks around the cursor, signatures of what is called, and the statement
most like the one at the cursor, which may also be further down.

A small prompt is what a user waits for at a new place. Lines are chosen by text alone, in less than a
millisecond: broken code is normal here.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from assist_completion.prompt.siblings import HiddenLines, nearest_sibling
from assist_context.documents import Snippet
from assist_context.languages import Language

LONGEST = 160  # characters of one chosen line
IMPORT_LINES = 40  # of one import statement
SIGNATURES = 3
HEAD_LINES = 8  # of a definition's head
NEAR = 4  # lines above the cursor whose calls are looked up
_NAME = re.compile(r"[^\W\d]\w*")
_CALLED = re.compile(r"([^\W\d]\w*)\s*\(")
_CLOSER = re.compile(r"\s*[)\]}]")
_ECMA = re.compile(r"import\s+(?P<names>[^;'\"]*?)\s+from\s+(?P<module>['\"][^'\"]+['\"])")
_PYTHON = re.compile(r"from\s+(?P<module>\S+)\s+import\s+\(?(?P<names>[^()#]*)\)?")
_SHAPES = {"python": _PYTHON, "javascript": _ECMA, "typescript": _ECMA, "tsx": _ECMA}
_STARTS = {
    "python": re.compile(r"(?:from|import)\s"),
    "javascript": re.compile(r"import\s|(?:const|let|var)\s.*\brequire\("),
    "rust": re.compile(r"(?:pub(?:\(\w+\))?\s+)?use\s"),
    "go": re.compile(r"import\s|\t(?:\w+\s+)?\"[\w./-]+\"$"),
    "java": re.compile(r"import\s"),
}
_STARTS |= dict.fromkeys(("typescript", "tsx"), _STARTS["javascript"])
_STARTS |= dict.fromkeys(("kotlin", "scala", "csharp", "php"), re.compile(r"(?:import|using|use)\s"))


@dataclass(frozen=True, slots=True)
class FarLines:
    """The lines before the cursor, shown from `start` on, and the text shown after it.

    `below` are the lines below the cursor's, the shown ones too.
    """

    lines: Sequence[str]
    start: int
    after: str
    language: Language
    below: Sequence[str] = ()

    @property
    def shown(self) -> str:
        """The text that the prompt shows anyway."""
        return "\n".join(self.lines[self.start :]) + "\n" + self.after


def far_lines(far: FarLines, snippets: Sequence[Snippet], room: int) -> str:
    r"""The chosen lines in the order of the file, signatures first, in at most `room` characters.

    Where there is little room, the signature of what is at the cursor comes first, then heads of blocks, the
    nearest sibling, and imports. A long signature is cut.

    >>> from assist_context.languages import language_of
    >>> lines = ["import os", "import re", "class A:", "    def f(self):", "        pass", "        os."]
    >>> far_lines(FarLines(lines, 4, "", language_of("a.py")), (), 100)
    'import os\nclass A:\n    def f(self):\n'
    """
    names = set(_NAME.findall(far.shown))
    heads = [*_heads(far)]
    imports = [*_imports(far, names)]
    signatures = [(at, line[: min(LONGEST, room - 1)]) for at, line in _signatures(far, snippets)]
    rows: list[tuple[int, str]] = []
    for at, line in (*signatures[:1], *reversed(heads), *_sibling(far), *imports, *signatures[1:]):
        if len(line) <= LONGEST and len(line) + 1 <= room and (at, line) not in rows:
            rows.append((at, line))
            room -= len(line) + 1
    return "".join(f"{line}\n" for _, line in sorted(rows, key=lambda each: each[0]))


def _heads(far: FarLines) -> Iterator[tuple[int, str]]:
    """The heads of the blocks around the cursor that are not shown, the nearest first."""
    lines = far.lines
    least = max(_indent(lines[-1]), 1) if lines[-1].strip() or lines[-1] else _indent_above(lines)
    at = len(lines) - 1
    while at > 0 and least > 0:
        at -= 1
        line = lines[at]
        if not line.strip() or _indent(line) >= least:
            continue
        first = at
        while _CLOSER.match(line) and first > 0 and (first == at or _indent(lines[first]) > _indent(line)):
            first -= 1  # a head of several lines, up to its first one
        if first < far.start:
            yield first, _one_line(lines[first : at + 1])
        least = _indent(line)
        at = first


def _indent(line: str) -> int:
    """The column at which a line's text begins."""
    line = line.expandtabs(4)
    return len(line) - len(line.lstrip())


def _indent_above(lines: Sequence[str]) -> int:
    return next((_indent(line) for line in reversed(lines) if line.strip()), 0)


def _one_line(lines: Sequence[str]) -> str:
    """Lines as one, with the indentation of the first."""
    lead = lines[0][: len(lines[0]) - len(lines[0].lstrip())]
    text = re.sub(r"\s+", " ", " ".join(line.strip() for line in lines))
    return lead + re.sub(r",? (?=\))", "", text).replace("( ", "(")


def _imports(far: FarLines, names: Collection[str]) -> Iterator[tuple[int, str]]:
    """The imports of names that are used, the others of their statement left out."""
    starts = _STARTS.get(far.language.name)
    at = 0
    while starts and at < far.start:
        if not starts.match(far.lines[at]):
            at += 1
            continue
        end = at + 1
        statement = far.lines[at]
        while end < min(far.start, at + IMPORT_LINES) and _goes_on(statement, far.language.name):
            statement += "\n" + far.lines[end]
            end += 1
        if line := _drop_unused(statement, far.language.name, names):
            yield at, line
        at = end


def _goes_on(statement: str, language: str) -> bool:
    if language == "go":
        return False
    return statement.count("(") > statement.count(")") or statement.count("{") > statement.count("}")


def _drop_unused(statement: str, language: str, used_names: Collection[str]) -> str:
    """An import in one line, with the names that are used; "" if none is."""
    line = _one_line(statement.split("\n")).strip()
    shape = _SHAPES.get(language)
    match = shape.match(line) if shape else None
    if match is None:
        last = line.rsplit("/", 1)[-1] if language == "go" else re.sub(r"^.*?(?:import|use)\s+", "", line)
        line = line if line.startswith("import") or language != "go" else f"import {line}"
        return line if any(name in used_names for name in _NAME.findall(last)) else ""
    braces = re.search(r"\{(.*)\}", match["names"])
    names = [part.strip() for part in (braces[1] if braces else match["names"]).split(",") if part.strip()]
    parts = [name for name in names if (_NAME.findall(name) or [""])[-1] in used_names]
    default = match["names"][: braces.start()].strip(" ,") if braces else ""
    default = default if default in used_names else ""
    if not parts and not default:
        return ""
    if language == "python":
        return f"from {match['module']} import {', '.join(parts)}"
    listing = f"{{ {', '.join(parts)} }}" if braces and parts else ", ".join(parts) if not braces else ""
    return f"import {', '.join(filter(None, (default, listing)))} from {match['module']};"


def _sibling(far: FarLines) -> Iterator[tuple[int, str]]:
    """The statement most like the cursor's, of those that are not shown, in one line."""
    own = len(far.lines) - 1
    lines = (*far.lines, *far.below)
    after_lines = far.after.count("\n") + (far.after[-1:] != "\n")
    at = nearest_sibling(HiddenLines(lines, own, far.start, own + 1 + after_lines))
    if at is None:
        return
    end = at + 1
    while end < min(len(lines), at + HEAD_LINES) and _goes_on("".join(lines[at:end]), ""):
        end += 1
    line = _one_line(lines[at:end])
    yield min(at, far.start), line if len(line) <= LONGEST else lines[at].rstrip()


def _signatures(far: FarLines, snippets: Sequence[Snippet]) -> Iterator[tuple[int, str]]:
    """Signatures of what is called near the cursor, from definitions in other files; the last call first."""
    near = "\n".join(far.lines[-NEAR:])
    by_name = {snippet.name.rpartition(".")[2]: snippet for snippet in reversed(snippets) if snippet.name}
    here = _NAME.findall(far.lines[-1])[-1:]  # it may be called next
    callees = dict.fromkeys((*here, *reversed(_CALLED.findall(near))))
    signatures = (_signature(by_name[name], name) for name in callees if name in by_name)
    yield from ((-1, line) for line in islice(filter(None, signatures), SIGNATURES))


def _signature(definition: Snippet, name: str) -> str:
    """The head of a definition in one line, without what is above it."""
    lines = definition.text.split("\n")
    first = next((at for at, line in enumerate(lines) if re.search(rf"\b{re.escape(name)}\b", line)), None)
    if first is None:
        return ""
    head = lines[first : first + HEAD_LINES]
    end = next((n for n in range(1, len(head)) if not _goes_on("".join(head[:n]), "")), 1)
    return _one_line(head[:end]).strip()
