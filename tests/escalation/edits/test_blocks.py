"""Answers as models write them, and which parts are blocks."""

import pytest

from assist_escalation.edits.formats.search_replace import (
    fence_for,
    find_path,
    parse_blocks,
    search_replace_instructions,
)
from assist_escalation.edits.plan import EditError

ONE = "a.py\n<<<<<<< SEARCH\nx = 1\n=======\nx = 2\n>>>>>>> REPLACE\n"


@pytest.mark.parametrize(
    "answer",
    [
        ONE,
        f"Sure!\n\n{ONE}\nThat is all.",
        ONE.replace("\n", "\r\n"),
        f"```python\n{ONE}```\n",
        ONE.replace("a.py\n", "a.py\n\n```python\n") + "```\n",
        ONE.replace("SEARCH\n", "SEARCH  \n"),
        ONE.removesuffix("\n"),
        ONE.replace("a.py", "```a.py") + "```\n",
        ONE.replace("a.py", "```a.py lines 1-2 29948af4950a") + "``` 29948af4950a\n",
        ONE.replace("a.py", "Here it is:\n\n```a.py\n") + "```\n",
    ],
)
def test_one_block_in_any_dress(answer: str) -> None:
    (block,) = parse_blocks(answer)
    assert (block.path, block.search, block.replace) == ("a.py", ("x = 1",), ("x = 2",))


@pytest.mark.parametrize("fence", ["=" * 7, "=" * 12])
def test_the_instructions_parse(fence: str) -> None:
    (block,) = parse_blocks(search_replace_instructions(fence), len(fence))
    assert (block.path, block.search, block.replace) == (
        "src/shop.py",
        ("    total = 0",),
        ("    total = start",),
    )


def test_a_fence_with_a_language_leaves_the_path_above_it() -> None:
    (block,) = parse_blocks(ONE.replace("a.py\n", "a.py :: f\n```text/x-python\n") + "```\n")
    assert (block.path, block.symbol) == ("a.py", "f")
    (block,) = parse_blocks(ONE.replace("a.py\n", "Look:\n```a.py :: f\n") + "```\n")
    assert (block.path, block.symbol) == ("a.py", "f")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ("nothing here", "no edit"),
        (ONE.replace(">>>>>>> REPLACE\n", ""), "no end"),
        (ONE.replace("=======\n", ""), "no divider"),
        (ONE.replace("=======", "======="[:6]), "no divider"),
        (ONE.replace("x = 2", "x = 2\n======="), "second divider"),
        (ONE.replace("a.py\n", ""), "no file's path"),
        (ONE + ">>>>>>> REPLACE\n", "without a block"),
        (ONE + "b.py\n  <<<<<<< SEARCH\ny\n=======\n>>>>>>> REPLACE\n", "without a block"),
        (ONE + "b.py\n<<<<<<< search\ny\n", "without a block"),
        (ONE.replace("\n>>>>>>> REPLACE", "") + ONE, "no end"),
        (ONE + "b.py\n<<<<<<< SEA", "without a block"),
        ("x" * 1_000_001, "at most"),
        (ONE.replace("x = 1\n", "x\n" * 2_001), "at most"),
    ],
)
def test_a_broken_block_refuses_the_answer(answer: str, says: str) -> None:
    with pytest.raises(EditError, match=says):
        parse_blocks(answer)


def test_a_block_below_another_is_for_the_same_file() -> None:
    blocks = parse_blocks(ONE.replace("a.py", "a.py :: f") + "\n" + ONE.removeprefix("a.py\n"))
    assert [(each.path, each.symbol) for each in blocks] == [("a.py", "f"), ("a.py", "f")]


def test_a_marker_as_narrow_as_a_line_of_the_file_is_refused() -> None:
    width = len(fence_for(["Title\r\n========\r\n", "\r<<<<"]))
    assert width == 9
    with pytest.raises(EditError, match="9 were asked for"):
        parse_blocks(ONE, width)


def test_narrower_markers_in_a_block_are_text() -> None:
    wide = ONE.replace("<<<<<<<", "<" * 9).replace("=======", "=" * 9).replace(">>>>>>>", ">" * 9)
    (block,) = parse_blocks(wide.replace("x = 2", ONE.removesuffix("\n")), 9)
    assert block.replace == tuple(ONE.splitlines())


@pytest.mark.parametrize(
    "written", ["./src/a.py", "src\\a.py", "`src/a.py`", "### `src/a.py`:", "File: src/a.py", "// src/a.py"]
)
def test_a_path_in_any_dress(written: str) -> None:
    assert find_path(written, ["src/a.py", "a.py"]) == "src/a.py"


@pytest.mark.parametrize(
    "written", ["src/A.py", "/src/a.py", "src/../src/a.py", "../src/a.py", "rc/a.py", "src/a.py.bak", ""]
)
def test_another_path_is_none(written: str) -> None:
    assert find_path(written, ["src/a.py"]) is None
