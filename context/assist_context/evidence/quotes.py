"""Quotes from a page: a few of its own lines, word for word.

This module sees lines and words; it reads no index. The figures are of 56 questions of the kind "how do I"
about nine projects, 41 of them with the right section first (`benchmarks/docs.py --how-to`).
"""

import re
from collections.abc import Sequence

# A section says at its start what it is about, and the example below shows how: these lines, eight on
# average, answer 29 of the 41. The first eight lines answer 23, the first twelve 30, the eight with most of
# the question's words 20.
PARAGRAPH = 4  # lines
EXAMPLE = 9
_CODE = re.compile(
    r"""
      \s*(?:```|~~~|>>>[ ]|\$[ ]|\.\.[ ](?:code|sourcecode|prompt|ipython|click:example))   # a block begins
    | .*::\s*$                                                            # what follows is one, in RST
    """,
    re.VERBOSE,
)
_RULE = re.compile(r"\s*[=\-~^\"'*+#]{3,}\s*$")
_MARK = re.compile(r"\s*(?:#+\s.*|[=\-~^\"'`*+#]{3,}\s*$|\.\.\s.*|:\w+:.*|!?\[[^\]]*\]\([^)]*\)\s*$)")


def has_example(lines: Sequence[str]) -> bool:
    """Return whether a piece of a page has code in it that one can copy.

    >>> has_example(["Set it:", "", "```sh", "export A=1"]), has_example(["It is set by default."])
    (True, False)
    """
    return any(map(_CODE.match, lines))


def said_by_page(lines: Sequence[str]) -> list[str]:
    """The first paragraph of a section without its heading, and its first example, with a line for a gap.

    Without an example, it is as much of what comes next.

    >>> said_by_page(["# Proxies", "", "Use `proxy`.", "", "More.", "", "```", "Client(proxy=p)", "```"])
    ['Use `proxy`.', '...', '```', 'Client(proxy=p)', '```']
    """
    at = next((at for at in range(len(lines)) if _begins_text(lines, at)), len(lines))
    start = at
    while at < min(len(lines), start + PARAGRAPH) and _is_text(lines[at]) and not _CODE.match(lines[at]):
        at += 1
    prose = list(lines[start:at])
    example = next((number for number in range(at, len(lines)) if _CODE.match(lines[number])), None)
    if example is not None:
        between = [line for line in lines[at:example] if line.strip()]
        prose += ["..."] if prose and between else [""] if prose else []
        prose += _block(lines[example : example + EXAMPLE])
    else:
        prose += lines[at : at + EXAMPLE]
    while prose and not prose[-1].strip():
        prose.pop()
    return prose


def _block(lines: Sequence[str]) -> Sequence[str]:
    """A block of code as far as it goes."""
    fence = lines[0].strip()[:3]
    ends = (number for number, line in enumerate(lines[1:], 2) if line.strip()[:3] == fence)
    code_lines = lines[: next(ends, len(lines))] if fence in ("```", "~~~") else lines
    while not code_lines[-1].strip():
        code_lines = code_lines[:-1]
    return code_lines


def _begins_text(lines: Sequence[str], at: int) -> bool:
    """Say if a line may begin a paragraph: it is not a title, and not the rest of an example."""
    is_title = at + 1 < len(lines) and _RULE.match(lines[at + 1])
    return _is_text(lines[at]) and not is_title and not lines[at][:1].isspace()


def _is_text(line: str) -> bool:
    return bool(line.strip()) and not _MARK.match(line)
