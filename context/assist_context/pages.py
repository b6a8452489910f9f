"""Pages of documentation: their sections by headings, and the text of a notebook, line for line.

Pages are read line by line, without a grammar: broken markup is normal input. A notebook is written with a
line of the file for each line of a cell; any other has no text here. This module renders nothing, reads
no file and knows no index.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from assist_context.languages import language_of

SECTION = "section"  # the kind of a definition that is a heading
BETWEEN = " > "  # two headings of a path
NAME_CHARACTERS = 160  # of a heading; a longer one is a text
MAX_SECTIONS = 10_000  # of one page; more is data

_ATX = re.compile(r" {0,3}(#{1,6})[ \t]+(\S.*)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_SETEXT = re.compile(r" {0,3}(=+|-{2,})[ \t]*")
_NO_PARAGRAPH = re.compile(r"\s*$|\s{4}|\t| {0,3}(?:[#>|<]|[-*+][ \t]|\d{1,9}[.)][ \t]|[-=*_]{3,}\s*$)")
_TITLE = re.compile(r"title\s*:\s*(\S.*)")
_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1{2,}[ \t]*")
_ASCIIDOC = re.compile(r"(={1,6}|#{1,6})[ \t]+(\S.*)")
_BLOCK = re.compile(r"(-{4,}|\.{4,}|={4,}|_{4,}|\*{4,}|\+{4,}|/{4,}|`{3,})[^-.=_*+/]*")
_HTML = re.compile(r"<h([1-6])\b[^<>]{0,400}>(.{0,600}?)</h\1\s*>", re.DOTALL | re.IGNORECASE)
_HTML_TITLE = re.compile(r"<title\b[^<>]{0,400}>(.{0,600}?)</title\s*>", re.DOTALL | re.IGNORECASE)
_MARKS = re.compile(
    r"""
    \s*\{[:#.][^{}]*\}\s*$            # {#anchor}
    | \s*\{\s+[#.][^{}]*\}\s*$          # { #anchor }
    | \[\[[^\]]*\]\]                    # [[anchor]]
    | <[^<>]{1,400}>                    # a tag, or the target in a role
    | :[\w:+.-]+:(?=`)                  # a role
    | \*\*|__(?=\s|$)|(?<=`)_\b|[`¶]    # emphasis, code
    | \s\#+\s*$                         # closing marks
    """,
    re.VERBOSE,
)
_LINK = re.compile(r"!?\[([^\[\]]*)\](?:\([^()]*\)|\[[^\[\]]*\])")
_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&nbsp;": " ", "&para;": ""}
_ENTITY = re.compile("|".join(_ENTITIES))


class Section(NamedTuple):
    """A heading with its text. Lines count from 1, both ends included; `parent` is the headings above.

    >>> Section("Startup", 9, 12, "Events > Alternatives").qualified
    'Events > Alternatives > Startup'
    """

    name: str
    start_line: int
    end_line: int
    parent: str = ""
    head_lines: int = 1

    @property
    def qualified(self) -> str:
        return f"{self.parent}{BETWEEN}{self.name}" if self.parent else self.name


class Heading(NamedTuple):
    """A heading where it was found: its first line from 0, how many lines it takes, its level from 0."""

    line: int
    lines: int
    level: int
    text: str


def sections(markup: str, lines: Sequence[str]) -> tuple[Section, ...]:
    r"""The sections of a page in order; a section contains those below it.

    >>> [section.qualified for section in sections("markdown", ["# A\n", "text\n", "## B\n"])]
    ['A', 'A > B']
    """
    result = []
    count = len(lines) - (bool(lines) and not lines[-1])
    headings = [heading for heading in _READERS[markup](lines) if heading.text][:MAX_SECTIONS]
    ends = _ends(headings, count)
    above: list[Heading] = []
    for heading, end in zip(headings, ends, strict=True):
        while above and above[-1].level >= heading.level:
            above.pop()
        path = BETWEEN.join(heading.text for heading in above)
        result.append(Section(heading.text, heading.line + 1, end, path, heading.lines))
        above.append(heading)
    return tuple(result)


def _ends(headings: Sequence[Heading], count: int) -> list[int]:
    """The last line of each section: before the next heading of its level or a higher one."""
    ends = [count] * len(headings)
    open_: list[int] = []
    for at, heading in enumerate(headings):
        while open_ and headings[open_[-1]].level >= heading.level:
            ends[open_.pop()] = max(heading.line, 1)
        open_.append(at)
    return ends


def plain_title(text: str) -> str:
    """A heading without marks, links and tags.

    >>> plain_title("The `tmp_path` [fixture](x.md) {#it}"), plain_title(":doc:`pdb <python:library/pdb>`")
    ('The tmp_path fixture', 'pdb')
    """
    text = _MARKS.sub("", _LINK.sub(r"\1", text[: 4 * NAME_CHARACTERS]))
    text = _ENTITY.sub(lambda match: _ENTITIES[match[0]], text)
    return " ".join(text.split()).rstrip(":")[:NAME_CHARACTERS].strip()


def _markdown(lines: Sequence[str]) -> Iterator[Heading]:
    start, title = _front_matter(lines)
    if title:
        yield Heading(0, 1, 0, title)
    before = ""  # the line above, "" if it cannot be the text of an underlined heading
    last = -1
    for at, line in _prose(lines, start):
        above = before if last == at - 1 else ""
        last = at
        before = ""
        if match := _ATX.match(line):
            yield Heading(at, 1, len(match[1]), plain_title(match[2]))
        elif above and (match := _SETEXT.fullmatch(line)):
            yield Heading(at - 1, 2, 1 if match[1][0] == "=" else 2, plain_title(above))
        elif "<h" in line and (match := _HTML.search(line)):
            yield Heading(at, 1, int(match[1]), plain_title(match[2]))
        elif not _NO_PARAGRAPH.match(line):
            before = line


def _prose(lines: Sequence[str], start: int) -> Iterator[tuple[int, str]]:
    """The lines of Markdown from `start` that are not in a fence or in a comment, with their numbers."""
    fence = ""
    comment = False
    for at in range(start, len(lines)):
        line = lines[at].rstrip("\r\n")
        fenced = None if comment else _FENCE.match(line)
        if comment:
            comment = "-->" not in line
        elif fenced and not fence:
            fence = fenced[1] if "`" not in fenced[2] else ""
        elif fenced and fenced[1].startswith(fence) and not fenced[2].strip():
            fence = ""
        elif not fence:
            comment = "<!--" in line and "-->" not in line
            yield at, line


def _front_matter(lines: Sequence[str]) -> tuple[int, str]:
    """Find where the text begins, and the title that the metadata above it gives."""
    if not lines or lines[0].rstrip() != "---":
        return 0, ""
    title = ""
    for at in range(1, min(len(lines), 200)):
        line = lines[at].rstrip()
        if line in {"---", "..."}:
            return at + 1, title
        if match := _TITLE.match(line):
            title = plain_title(match[1].strip("\"'"))
    return 0, ""


def _rst(lines: Sequence[str]) -> Iterator[Heading]:
    """Levels are in the order in which the marks appear; a mark above and below is another one."""
    levels: dict[tuple[str, bool], int] = {}
    after = 0  # a line above it belongs to a heading already
    for at in range(1, len(lines)):
        match = _ADORNMENT.fullmatch(lines[at].rstrip("\r\n"))
        title = lines[at - 1].strip() if match and at - 1 >= after else ""
        if not match or not title or _ADORNMENT.fullmatch(title):
            continue
        over = at - 2 >= after and lines[at - 2].rstrip() == match[0].rstrip()
        is_indented = lines[at - 1][:1].isspace()
        alone = at - 2 < after or not lines[at - 2].strip()
        if len(match[0].rstrip()) < min(4, len(title)) or not (over or (alone and not is_indented)):
            continue
        level = levels.setdefault((match[1], over), len(levels))
        yield Heading(at - 1 - over, 2 + over, level, plain_title(title))
        after = at + 1


def _asciidoc(lines: Sequence[str]) -> Iterator[Heading]:
    block = ""
    for at, raw in enumerate(lines):
        line = raw.rstrip()
        match = _BLOCK.fullmatch(line)
        if match and (not block or match[1] == block):
            block = "" if block else match[1]
        elif not block and (title := _ASCIIDOC.fullmatch(line)):
            yield Heading(at, 1, len(title[1]), plain_title(title[2].rstrip("= ")))


def _html(lines: Sequence[str]) -> Iterator[Heading]:
    text = "".join(lines)
    first = _HTML_TITLE.search(text)
    matches = list(_HTML.finditer(text))
    if first and not any(match[1] == "1" for match in matches):
        matches.insert(0, first)
    line = 0
    upto = 0
    for match in sorted(matches, key=re.Match.start):
        line += text.count("\n", upto, match.start())
        upto = match.start()
        level, title = (0, match[1]) if match is first else (int(match[1]), match[2])
        yield Heading(line, 1 + match[0].count("\n"), level, plain_title(title))


_READERS: Mapping[str, Callable[[Sequence[str]], Iterator[Heading]]] = {
    "markdown": _markdown,
    "rst": _rst,
    "asciidoc": _asciidoc,
    "html": _html,
    "notebook": _markdown,  # as `notebooks.notebook_lines` returns it
}


_CELL = re.compile(r'\s*"cell_type": "(\w+)",?\s*')
_SOURCE = re.compile(r'\s*"source": (\[|".*",?)\s*')
_END = re.compile(r"\s*\],?\s*")
FENCE = "```\n"  # around code, so that a comment is no heading


def page_lines(path: str, lines: Sequence[str]) -> Sequence[str]:
    """The lines of a file as people read them: a notebook is decoded."""
    return notebook_lines(lines) if language_of(path).markup == "notebook" else lines


def notebook_lines(lines: Sequence[str]) -> list[str]:
    r"""As many lines as the file has: lines of Markdown as they are, code in fences, the rest empty.

    >>> notebook_lines(['"cell_type": "markdown",\n', '"source": [\n', '"# A\\n",\n', '"b"\n', ']\n'])
    ['\n', '\n', '# A\n', 'b\n', '\n']
    """
    cell_lines = []
    kind = ""
    inside = False
    for line in lines:
        text = "\n"
        if inside:
            if _END.fullmatch(line):
                inside = False
                text = FENCE if kind == "code" else "\n"
            else:
                text = _decode(line)
        elif cell := _CELL.fullmatch(line):
            kind = cell[1]
        elif source := _SOURCE.fullmatch(line):
            inside = source[1] == "["
            text = FENCE if inside and kind == "code" else "\n"
            if not inside:
                text = _decode(source[1])
        cell_lines.append(text if line else "")
    return cell_lines


def _decode(line: str) -> str:
    """One line of a cell from its JSON, without its line ends inside."""
    try:
        text = json.loads(line.strip().rstrip(","))
    except ValueError:
        return "\n"
    return f"{text.rstrip()}\n" if isinstance(text, str) else "\n"
