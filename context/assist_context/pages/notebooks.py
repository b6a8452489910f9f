"""The text of a Jupyter notebook, line for line: each line of the file as the line of a cell that it holds.

Notebooks are written with a line of the file for each line of a cell; one that is not has no text here.
"""

import json
import re
from collections.abc import Sequence

from assist_context.languages import language_of

_CELL = re.compile(r'\s*"cell_type": "(\w+)",?\s*')
_SOURCE = re.compile(r'\s*"source": (\[|".*",?)\s*')
_END = re.compile(r"\s*\],?\s*")
FENCE = "```\n"  # around code, so that a comment is no heading


def page_lines(path: str, lines: Sequence[str]) -> Sequence[str]:
    """The lines of a file as people read them: those of a notebook are decoded."""
    return notebook_lines(lines) if language_of(path).markup == "notebook" else lines


def notebook_lines(lines: Sequence[str]) -> list[str]:
    r"""As many lines as the file has: those of Markdown as they are, code in fences, the rest empty.

    >>> notebook_lines(['"cell_type": "markdown",\n', '"source": [\n', '"# A\\n",\n', '"b"\n', ']\n'])
    ['\n', '\n', '# A\n', 'b\n', '\n']
    """
    shown = []
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
        shown.append(text if line else "")
    return shown


def _decode(line: str) -> str:
    """One line of a cell from its JSON, without its line ends inside."""
    try:
        text = json.loads(line.strip().rstrip(","))
    except ValueError:
        return "\n"
    return f"{text.rstrip()}\n" if isinstance(text, str) else "\n"
