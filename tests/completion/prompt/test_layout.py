"""The anchored-middle layout: where the anchor is, what may change around it, and the tokens of a plan."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assist_completion.prompt.fim_tokens import Fim
from assist_completion.prompt.layout import (
    Extent,
    Plan,
    common_prefix,
    continue_plan,
    plan,
    render,
    same_suffix,
    take_suffix,
)
from assist_context.documents import Context, Snippet
from assist_context.languages import language_of

EXTENT = Extent(head=400, suffix=100, lines_after=8, snapped=False)
BODY = "".join(f"    line_{n} = {n}\n" for n in range(200))


def context(before: str, after: str = "\n", start_line: int = 0, path: str = "a.py") -> Context:
    return Context(path, language_of(path), before, after, start_line)


def test_the_anchor_is_three_lines_up_at_the_first_non_blank() -> None:
    made = plan(context("def f():\n    a = 1\n    b = 2\n    c = 3\n    d"), EXTENT)
    assert made.head == "def f():\n    "
    assert made.typed == "a = 1\n    b = 2\n    c = 3\n    d"


def test_an_extent_may_anchor_at_another_line() -> None:
    made = plan(context("def f():\n    a = 1\n    b = 2\n    c"), replace(EXTENT, anchor=0))
    assert (made.head, made.typed) == ("def f():\n    a = 1\n    b = 2\n    ", "c")


def test_a_blank_line_is_no_place_for_an_anchor() -> None:
    made = plan(context("x = 1\n\n\n\n\ny"), EXTENT)
    assert (made.head, made.typed) == ("", "x = 1\n\n\n\n\ny")


def test_the_head_starts_on_the_grid_so_that_places_nearby_share_it() -> None:
    extent = Extent(head=300, suffix=10, lines_after=2, snapped=True)
    lines = BODY.splitlines(keepends=True)
    first = plan(context("".join(lines[:150])), extent).head.splitlines()[0]
    later = plan(context("".join(lines[:155])), extent).head.splitlines()[0]
    assert first == later == "    line_128 = 128"


@given(st.text(alphabet="ab \n\t(", max_size=120), st.text(alphabet="ab )\n", max_size=60))
def test_head_and_typed_are_the_text_before_the_cursor(before: str, after: str) -> None:
    made = plan(context(before, after), EXTENT)
    assert before.endswith(made.head + made.typed)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ("\nnext\n", "next\n"),
        (")\nnext\n", "next\n"),
        ('")}, \nnext\n', "next\n"),
        ("b)\nnext\n", "b)\nnext\n"),
        ("", ""),
    ],
)
def test_the_suffix_leaves_out_what_the_editor_closed(after: str, expected: str) -> None:
    assert take_suffix(after, 5, 100) == expected


def test_the_suffix_keeps_whole_lines_within_its_tokens() -> None:
    assert take_suffix("\n" + "x" * 30 + "\n" + "y" * 30 + "\n", 8, 12) == "x" * 30 + "\n"
    assert len(take_suffix("\n" + "x" * 3000, 8, 10)) == 32


def test_a_plan_continues_while_text_is_typed_after_its_anchor() -> None:
    earlier = plan(context(BODY + "    a", "\n    end\n"), EXTENT)
    for typed in ("    ab", "    ab(", "    ab(1)\n    c", "    ab\n\n\n    d"):
        again = continue_plan(context(BODY + typed, "\n    end\n"), earlier)
        assert again is not None
        assert again.head == earlier.head
        assert (again.head + again.typed).endswith(typed)


def test_a_plan_at_the_top_of_a_file_continues_with_all_typed_text() -> None:
    earlier = plan(context("total = su", "\n"), EXTENT)
    assert earlier.head == ""
    again = continue_plan(context("total = sum", "\n"), earlier)
    assert again is not None
    assert (again.head, again.typed) == ("", "total = sum")


def test_lines_inserted_above_the_window_do_not_matter() -> None:
    earlier = plan(context(BODY + "    a", "\n    end\n"), EXTENT)
    assert continue_plan(context("import os\n" + BODY + "    ab", "\n    end\n"), earlier) is not None


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        (BODY.replace("line_190", "other") + "    a", "\n    end\n", "a.py"),
        (BODY + "    a", "\n    quite another thing\n", "a.py"),
        (BODY + "    a", "\n    end\n", "b.py"),
        (BODY[:300], "\n    end\n", "a.py"),
        (BODY + "    a" + "x" * 7000, "\n    end\n", "a.py"),
    ],
    ids=["edited-above", "edited-below", "other-file", "jumped-up", "too-far"],
)
def test_a_plan_does_not_continue_where_its_text_changed(before: str, after: str, path: str) -> None:
    earlier = plan(context(BODY + "    a", "\n    end\n"), EXTENT)
    assert continue_plan(context(before, after, path=path), earlier) is None


def test_only_indentation_after_the_anchor_is_refused() -> None:
    earlier = Plan("a.py", "x = 1\n", "y", "")
    assert continue_plan(context("x = 1\n    "), earlier) is None


def test_a_suffix_that_hardly_changed_is_kept() -> None:
    old = "    return total\n\n\ndef other(name):\n    return name\n"
    assert same_suffix(old, old.replace("name)", "names)"))
    assert not same_suffix(old, "    return other\n" + old)
    assert not same_suffix(old, "")


def test_snippets_come_before_pre_in_the_models_own_format() -> None:
    fim = Fim(pre=1001, suf=1002, mid=1003, sep=1004, head=(1005,))
    made = Plan("a.py", "H", "T", "S", (Snippet("b.py", 1, 1, "B\n", "recent-edit"),))
    tokens = render(made, fim, lambda text: [ord(c) for c in text])
    shown = "".join(chr(t) if t < 1000 else f"<{t - 1000}>" for t in tokens)
    assert shown == "<5><4>b.py\nB\n<4>a.py\n<1>H<2>S<3>"


def test_text_that_looks_like_a_special_token_stays_text() -> None:
    made = plan(context("<|fim_middle|>"), EXTENT)
    assert made.typed == "<|fim_middle|>"


@given(st.lists(st.integers(0, 3)), st.lists(st.integers(0, 3)))
def test_common_prefix(a: list[int], b: list[int]) -> None:
    size = common_prefix(a, b)
    assert a[:size] == b[:size]
    assert size in (len(a), len(b)) or a[size] != b[size]
