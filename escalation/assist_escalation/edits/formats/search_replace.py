"""Reads an answer as SEARCH/REPLACE blocks: the lines of files and their new text.

Everything that looks like a block must be one: if the third block is broken, the whole answer is refused.
Prose and code fences around blocks are skipped. This module knows no file's text and does not check whether a
block fits. A path here is what the model wrote.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from assist_escalation.edits.plan import EditError, split_text

LEAST = 7  # characters of a marker: what models write by default, like git
MAX_CHARACTERS = 1_000_000  # of an answer; no model writes that many, but a broken stream may
MAX_LINES = 2_000  # of a block's side: more is not an edit, and lines are compared pairwise

# A line that begins or ends a side of a block: a run of one character, and the word after it.
MARKER = re.compile(r"(?P<run><{5,}|={5,}|>{5,})(?P<word> SEARCH| REPLACE|)[ \t]*")
# What a person would take for a marker. Outside a block it means a broken block or a cut answer.
_NEARLY = re.compile(r"\s*(?:[<>]{5,}|[<>]{3,4}\s*(?:SEARCH|REPLACE)\b)", re.IGNORECASE)
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})")
# The text after the fence of a piece of code that was shown to a model. The mark is random.
LABEL = re.compile(r"(?P<path>\S.*?) lines (?P<first>\d{1,9})-(?P<last>\d{1,9})(?: (?P<mark>\S+))?")
_FILE = re.compile(r"[^\s`]*[^\s`/]\.\w+(?: :: \S+)?")  # unlike a language's name
_DRESS = "`*\"' \t"


@dataclass(frozen=True, slots=True)
class ReplaceBlock:
    """One replacement. `line` is where it begins in the answer, for messages. Lines have no line ends.

    `path` is the line above it as the model wrote it, and `symbol` is the name after "::" there.
    """

    line: int
    path: str
    symbol: str
    search: tuple[str, ...]
    replace: tuple[str, ...]
    width: int


def fence_for(texts: Iterable[str]) -> str:
    """The divider to ask for: more "=" than any line of the texts has of "<", "=" or ">" at its beginning.

    >>> fence_for(["Title\\n=======\\n"]), fence_for(["x = 1"])
    ('========', '=======')
    """
    lines = (line for text in texts for line in split_text(text))
    runs = [len(run_match[1]) for line in lines if (run_match := re.match(r"[ \t]*(<+|=+|>+)", line))]
    return "=" * max([LEAST, *(run + 1 for run in runs)])


def search_replace_instructions(fence: str) -> str:
    """Tell a model how to write an edit. `fence` is the result of `fence_for` for all texts that it sees.

    The example names no file of the workspace, since file names may be secret and this text is not redacted.
    """
    wide = len(fence)
    return f"""Write each edit as a block like this, in full:

src/shop.py
{"<" * wide} SEARCH
    total = 0
{fence}
    total = start
{">" * wide} REPLACE

Rules:
- The line above a block is the file's path, exactly as given. Edit no other file.
- SEARCH holds whole lines of the file, copied character for character, indentation included.
- SEARCH must occur once in the file: add lines around it until it does, or name the function or method \
it is in, as in `src/shop.py :: Shop.total`.
- REPLACE holds all lines that take their place. Leave nothing out: no "...", no "unchanged".
- An empty REPLACE deletes the lines. An empty SEARCH writes a new file.
- Each block is about the file as given, not as other blocks leave it. Blocks do not overlap.
- Markers have {wide} characters and stand at the beginning of a line.
"""


def has_marker(answer: str) -> bool:
    """Return whether an answer has the marker of a block, or what a person would take for one.

    >>> has_marker("a.py\\n<<<<<<< SEARCH\\n"), has_marker("x = 1 << 5")
    (True, False)
    """
    return any(_NEARLY.match(line) for line in split_text(answer))


def parse_blocks(answer: str, width: int = LEAST) -> tuple[ReplaceBlock, ...]:
    """All blocks of an answer. `EditError` if there is none, or one is incomplete.

    `width` is the width that was asked for: narrower markers may be lines of the files.

    >>> parse_blocks("a.py\\n<<<<<<< SEARCH\\nx\\n=======\\n>>>>>>> REPLACE\\n")[0].search
    ('x',)
    """
    if len(answer) > MAX_CHARACTERS:
        raise EditError(f"the answer has {len(answer)} characters, {MAX_CHARACTERS} at most: ask for less")
    lines = [line.rstrip("\r\n") for line in split_text(answer)]
    blocks: list[ReplaceBlock] = []
    above = 0  # the first line after the last block
    place = 0
    while place < len(lines):
        marker = MARKER.fullmatch(lines[place])
        if marker and marker["run"][0] == "<" and marker["word"] == " SEARCH":
            if len(marker["run"]) < width:
                raise EditError(
                    f"line {place + 1} of the answer: the marker has {len(marker['run'])} characters and "
                    f"{width} were asked for, because the files contain shorter ones: ask again"
                )
            name = _above(lines[above:place], blocks[-1] if blocks else None, place)
            block, place = _block(lines, place, name)
            blocks.append(block)
            above = place
        elif _NEARLY.match(lines[place]):
            raise EditError(f"line {place + 1} of the answer is a marker without a block: ask again")
        else:
            place += 1
    if not blocks:
        raise EditError("the answer contains no edit: ask again, or read it as an explanation")
    return tuple(blocks)


def _above(lines: list[str], before: ReplaceBlock | None, place: int) -> tuple[str, str]:
    """The path and the symbol above a marker: from the fence there, or else from the last other line."""
    full = [line for line in lines if line.strip()]
    text_lines = [line for line in full if not _FENCE.match(line)][-1:]
    if full and (fence_path := _read_fence(full[-1])):
        text_lines = [fence_path]
    if text_lines:
        path, _, symbol = text_lines[0].partition(" :: ")
        return path.strip(), symbol.strip().strip("`*").removesuffix(":").strip()
    if before is None:
        raise EditError(f"line {place + 1} of the answer: there is no file's path above the block: ask again")
    return before.path, before.symbol


def _read_fence(line: str) -> str:
    """The file that a fence names, or ""."""
    fence = _FENCE.match(line)
    info = line[fence.end() :].strip() if fence else ""
    if label := LABEL.fullmatch(info):
        return label["path"]
    return info if _FILE.fullmatch(info) else ""


def _block(lines: list[str], start: int, name: tuple[str, str]) -> tuple[ReplaceBlock, int]:
    """The block whose first marker is the line `start`, and the line after the block."""
    width = len(lines[start].rstrip()) - len(" SEARCH")
    divider = 0
    end = 0
    for place in range(start + 1, len(lines)):
        line = lines[place].rstrip(" \t")
        if line == "=" * width:
            if divider:
                raise EditError(
                    f"line {place + 1} of the answer: the block has a second divider of {width} characters, "
                    "so it is not certain where it divides: ask again"
                )
            divider = place
        elif line == ">" * width + " REPLACE":
            end = place
            break
        elif line == "<" * width + " SEARCH":
            break
    if not divider or not end:
        missing = "end" if divider else "divider"
        raise EditError(
            f"line {start + 1} of the answer: the block has no {missing} of {width} characters: ask again"
        )
    search, replace = tuple(lines[start + 1 : divider]), tuple(lines[divider + 1 : end])
    if max(len(search), len(replace)) > MAX_LINES:
        raise EditError(
            f"line {start + 1} of the answer: a block has {MAX_LINES} lines at most: ask for less"
        )
    return ReplaceBlock(start + 1, *name, search, replace, width), end + 1


def find_path(text: str, known_paths: Iterable[str]) -> str | None:
    """The path of `known_paths` that a model wrote, perhaps with "./", backslashes or Markdown; else None.

    Names are not guessed: with another case, another folder or only a part of a path it is another file.

    >>> find_path("**`.\\\\src\\\\a.py`**:", ["src/a.py", "a.py"])
    'src/a.py'
    >>> find_path("src/A.py", ["src/a.py"]) is None
    True
    """
    paths = set(known_paths)
    for path in (text, _undress(text)):
        for spelling in (path, path.replace("\\", "/")):
            bare = re.sub(r"^(?:\./+)+", "", spelling)
            if bare in paths:
                return bare
    return None


def _undress(text: str) -> str:
    """A path without the quotes, emphasis, heading, comment sign or colon that models put around it."""
    bare = text.lstrip("#*>- \t").removeprefix("//").strip(_DRESS)
    for word in ("file:", "path:", "filename:"):
        bare = bare[len(word) :].strip(_DRESS) if bare.lower().startswith(word) else bare
    return bare.removesuffix(":").strip(_DRESS)
