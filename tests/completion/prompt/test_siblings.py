"""Which statement of a file is most like the one at the cursor."""

import pytest

from assist_completion.prompt.layout import Extent, plan
from assist_completion.prompt.siblings import HiddenLines, nearest_sibling
from assist_context.documents import Context
from assist_context.languages import language_of

PYTHON = """\
import os
# report(tax=rate)
class Till:
    def sum(self):
        report(self.total, tax=rate)
        return self.total

    def clear(self):
        self.lines.clear()
        self.total = 0
        return None
"""
FILLER = "".join(f"    field_{n} = {n}\n" for n in range(60))


def sibling(source: str, cursor: str, shown: tuple[int, int] = (0, 0)) -> str:
    lines = (*source.splitlines(), *cursor.split("\n"))
    own = len(lines) - 1
    at = nearest_sibling(HiddenLines(lines, own, own - shown[0], own + 1 + shown[1]))
    return "" if at is None else lines[at].strip()


@pytest.mark.parametrize(
    ("cursor", "wanted"),
    [
        ("    def add(self):\n        report(", "report(self.total, tax=rate)"),
        ("    def add(self):\n        self.lines.", "self.lines.clear()"),
        ("        self.lines.clear()\n        ", "self.total = 0"),
        ("        print(unheard", ""),
        ("", ""),
    ],
)
def test_the_sibling_shares_rare_words_or_follows_a_line_like_the_one_above(cursor: str, wanted: str) -> None:
    assert sibling(PYTHON, cursor) == wanted


def test_a_line_that_the_prompt_shows_anyway_is_none() -> None:
    assert sibling(PYTHON, "        report(", shown=(7, 0)) == ""


def context(above: str, below: str = "") -> Context:
    before = f"{above}{FILLER}\n    def add(self):\n        report("
    return Context("till.py", language_of("till.py"), before, f"\n{FILLER}{below}")


COLD = Extent(129, 43, 8, snapped=False, far=0.4)


def test_the_cold_prompt_shows_the_sibling_in_the_same_room() -> None:
    cold = plan(context(PYTHON), COLD)
    assert "        report(self.total, tax=rate)\n" in cold.far
    assert len(cold.far + cold.head) <= 129 * 3.2 + len("    ")


def test_the_sibling_may_be_below_the_cursor_and_have_several_lines() -> None:
    below = (
        "    def last(self):\n        report(\n            self.total,\n            tax=rate,\n        )\n"
    )
    cold = plan(context("class Till:\n", below), COLD)
    assert cold.far.endswith("        report(self.total, tax=rate)\n")
