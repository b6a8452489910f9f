"""Trees of documents with long classes: what is known of members stays right while others are edited.

`long` is small here, so that every class, and much else, is divided; `test_incremental` edits short texts.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from long_classes import TEXTS
from rounds import rounds
from tree_edits import edited

from assist_context.documents import split_lines
from assist_context.languages import language_of
from assist_context.syntax.incremental import LONG, OpenTree
from assist_context.syntax.symbols import symbols

PATIENT = 1_000_000  # microseconds: what is tested here is not the limit
PIECES = ["", "", "x", " ", "\n", "\n\n", "    ", "\t", "(", ")", "{", "}", '"', "'", '"""', "`", "/*", "*/"]
PIECES += [
    "# c\n",
    "// c\n",
    "@d\n",
    "    size = 3\n",
    "class Z:\n\n",
    "class Z {\n\n",
    "  int a;\n",
    "static ",
]
PIECES += ["    def q(self):\n\n        pass\n\n", "  m() {\n\n  }\n\n", "}\n", "\r", "é"]

# A class whose members refer to each other; each has a comment, a decorator and a name that is assigned
# again.
MEMBERS = "".join(
    f"    # Says {i}.\n    @wraps({i})\n    def m{i}(self):\n        return self.n{i}()\n\n    size = {i}\n\n"
    for i in range(300)
)
CLASS = f'@final\nclass Long(Base):\n    """Is long."""\n\n{MEMBERS}\ndef after():\n    return Long()\n'


def opened(text: str, extension: str = "py", long: int = LONG) -> OpenTree:
    tree = OpenTree(language_of(f"a.{extension}"), split_lines(text), PATIENT, long=long)
    tree.symbols()
    return tree


def agrees(tree: OpenTree, extension: str, text: str) -> None:
    """The answer equals that of a full query over the tree; and of a fresh tree, if the code is sound."""
    found = tree.symbols()
    assert not found.partial
    assert found == tree.whole()
    if tree.sound:
        assert found == symbols(language_of(f"a.{extension}"), text)


@pytest.mark.slow
@given(
    st.sampled_from(sorted(TEXTS)),
    st.sampled_from(["\n", "\n", "\r\n"]),
    st.sampled_from([1, 40, 150]),
    st.data(),
)
@settings(max_examples=rounds(250))
def test_any_edits_in_long_classes(extension: str, end: str, long: int, data: st.DataObject) -> None:
    text = (TEXTS[extension] * data.draw(st.sampled_from([1, 2]))).replace("\n", end)
    tree = opened(text, extension, long)
    for _ in range(data.draw(st.integers(1, 6))):
        lines = split_lines(text)
        number = data.draw(st.integers(0, len(lines) - 1))
        line = lines[number]
        start = sum(map(len, lines[:number])) + data.draw(st.sampled_from([0, 0, len(line) // 2]))
        stop = min(len(text), start + data.draw(st.sampled_from([0, 0, 1, 4, len(line), 200])))
        text = edited(tree, text, start, stop, data.draw(st.sampled_from(PIECES)))
        agrees(tree, extension, text)


@pytest.mark.parametrize("extension", sorted(TEXTS))
@pytest.mark.parametrize("piece", ["\n", "x", "  ", '"', '"""', "/*", "({\n"])
def test_each_line_edited_and_restored_is_as_before(extension: str, piece: str) -> None:
    text, at = TEXTS[extension], 0
    tree = opened(text, extension, 40)
    before = tree.symbols()
    assert before == symbols(language_of(f"a.{extension}"), text)
    for line in split_lines(text):
        changed = edited(tree, text, at, at, piece)
        agrees(tree, extension, changed)
        assert edited(tree, changed, at, at + len(piece), "") == text
        assert tree.symbols() == before
        at += len(line)


def test_a_character_in_a_long_class_asks_about_its_own_member() -> None:
    tree, at = opened(CLASS), CLASS.index("n150()")
    text = edited(tree, CLASS, at, at, "x")
    assert ("xn150", "Long.m150") in {(each.name, each.inside) for each in tree.symbols().references}
    assert 0 < tree.reread < 500
    agrees(tree, "py", text)


def test_a_bracket_that_is_closed_again_asks_about_its_own_member() -> None:
    tree, at = opened(CLASS), CLASS.index("n150()")
    broken = edited(tree, CLASS, at, at, "f(")
    agrees(tree, "py", broken)
    text = edited(tree, broken, at + 2, at + 2, ") + self.")
    found = tree.symbols()
    assert 0 < tree.reread < 500
    assert tree.sound
    assert found == symbols(language_of("a.py"), text)


def test_a_line_more_in_a_long_class_moves_what_is_below() -> None:
    tree, at = opened(CLASS), CLASS.index("    # Says 3.")
    before = tree.symbols()
    text = edited(tree, CLASS, at, at, "    b = 1\n\n")
    after = tree.symbols()
    assert tree.reread < 500
    assert after.definitions[0].end_line == before.definitions[0].end_line + 2
    agrees(tree, "py", text)


def test_a_long_class_under_another_name_renames_what_is_in_it() -> None:
    tree, at = opened(CLASS), CLASS.index("Long(")
    text = edited(tree, CLASS, at, at, "Very")
    assert {each.parent for each in tree.symbols().definitions} == {"", "VeryLong"}
    agrees(tree, "py", text)


def test_a_name_that_is_no_longer_assigned_above_in_its_class_is_defined_below() -> None:
    tree, at = opened(CLASS), CLASS.index("size = 0")
    line = CLASS[:at].count("\n") + 1
    assert [each.start_line for each in tree.symbols().definitions if each.name == "size"] == [line]
    text = edited(tree, CLASS, at, at + 4, "width")
    assert [each.start_line for each in tree.symbols().definitions if each.name == "size"] == [line + 7]
    assert tree.reread < 1_000
    agrees(tree, "py", text)


def test_members_that_leave_their_class_have_no_parent() -> None:
    tree, at = opened(CLASS), CLASS.index("    # Says 150.")
    text = edited(tree, CLASS, at, at, "def split(a):\n    return a\n\n\n")
    parents = {each.name: each.parent for each in tree.symbols().definitions}
    assert (parents["m149"], parents["split"]) == ("Long", "")
    assert parents["m299"] != "Long"
    agrees(tree, "py", text)
