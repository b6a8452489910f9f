"""Where a Markdown text that is still being written can be cut, so that what stands before is final.

It draws nothing and knows no terminal.
"""

import re

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_ITEM = re.compile(r"(?:[-*+]|\d{1,9}[.)])\s")


def settled(text: str) -> int:
    r"""The length of the part that later text cannot change: whole blocks, each behind an empty line.

    >>> settled("one\ntwo\n\nthree\n"), settled("```\na\n\nb\n"), settled("- a\n\n- b\n")
    (9, 0, 0)
    """
    end = at = 0
    fence, blank, listed = "", False, False
    for line in text.splitlines(keepends=True):
        if not line.endswith("\n"):
            break
        full, found = line.strip(), _FENCE.match(line)
        if blank and full and not fence and not line[0].isspace() and not (listed and _ITEM.match(line)):
            end, listed = at, False
        if fence:
            closes = found is not None and found[1].startswith(fence) and found[0].strip() == full
            fence = "" if closes else fence
        elif found:
            fence = found[1]
        elif _ITEM.match(line):
            listed = True
        blank, at = not full, at + len(line)
    return end
