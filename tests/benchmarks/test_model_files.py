"""Candidates for a model's file: the types of their tensors, what is right, pairs, and the decision."""

from typing import Any

import pytest

from assist_evaluation.statistics import Difference
from bench.model_files.comparing import gap, other_prompts, pair_up, table, verdict
from bench.model_files.first_lines import is_decided, is_right
from bench.model_files.recipes import FILE_TYPES, RECIPES, TENSOR_TYPES
from bench.model_files.speed import FileSpeed


@pytest.mark.parametrize(
    ("recipe", "tensor", "kind"),
    [
        ("q8_0", "token_embd.weight", "q8_0"),
        ("q4_0", "output.weight", "q8_0"),
        ("q4_0", "blk.0.attn_output.weight", "q4_0"),
        ("gate-up", "blk.0.ffn_gate.weight", "q4_0"),
        ("gate-up", "blk.23.ffn_up.weight", "q4_0"),
        ("gate-up", "blk.23.ffn_down.weight", "q8_0"),
        ("gate-up", "token_embd.weight", "q5_0"),
        ("gate-up-searched", "blk.7.ffn_up.weight", "q4_0"),
        ("gate-up-nl", "blk.7.ffn_up.weight", "iq4_nl"),
        ("middle", "blk.3.ffn_up.weight", "q8_0"),
        ("middle", "blk.4.ffn_up.weight", "q4_0"),
        ("middle", "blk.19.ffn_gate.weight", "q4_0"),
        ("middle", "blk.20.ffn_gate.weight", "q8_0"),
        ("keep-down", "blk.1.ffn_down.weight", "q6_k"),
        ("keep-down", "blk.12.ffn_down.weight", "q4_k"),
    ],
)
def test_the_type_of_a_tensor(recipe: str, tensor: str, kind: str) -> None:
    assert RECIPES[recipe].type_of(tensor) == kind


def test_every_recipe_names_types_that_llama_cpp_has() -> None:
    for recipe in RECIPES.values():
        assert recipe.most in FILE_TYPES
        assert {recipe.most, *(kind for _, kind in recipe.others)} <= set(TENSOR_TYPES)


@pytest.mark.parametrize(
    ("text", "truth", "right", "decided"),
    [
        ("f(a)\n", "f( a )\nreturn", True, True),
        ("f(a)", "f(a)", True, False),
        ("f(a) + 1", "f(a)", False, True),
        ("f(", "f(a)", False, False),
        ("\nf(a)", "f(a)", False, True),
        ("g", "f(a)", False, False),  # it may become a longer name
        ("g(", "f(a)", False, True),
        ("", "f(a)", False, False),
    ],
)
def test_a_line_is_right_as_a_whole_and_decided_once_no_more_text_can_change_it(
    text: str, truth: str, right: bool, decided: bool
) -> None:
    assert (is_right(text, truth), is_decided(text, truth)) == (right, decided)


def row(number: int, *, right: bool, repository: str = "a", full: bool = False) -> dict[str, Any]:
    return {
        "place": str(number),
        "repository": repository,
        "full": full,
        "right": right,
        "first": True,
        "tokens": 190,
    }


def test_rows_are_paired_once_by_place_and_size_of_the_prompt() -> None:
    before = [row(1, right=True), row(2, right=False), row(2, right=True, full=True), row(1, right=True)]
    after = [row(2, right=True), row(3, right=True), {**row(1, right=False), "tokens": 189}]
    pairs = pair_up(before, after)
    assert [(one["place"], other["right"]) for one, other in pairs] == [("1", False), ("2", True)]
    assert other_prompts(pairs) == 1


def test_a_difference_is_after_minus_before_over_whole_repositories() -> None:
    names = [f"r{number // 4}" for number in range(40)]
    before = [row(number, right=True, repository=names[number]) for number in range(40)]
    after = [row(number, right=number // 4 != 3, repository=names[number]) for number in range(40)]
    found = gap(pair_up(before, after), "right")
    assert found.mean == -10
    assert (found.low, found.high) == (-30, 0)
    assert gap(pair_up(before, before), "right") == Difference(0, 0, 0)


def test_the_bar_is_met_only_where_the_whole_interval_is() -> None:
    met = [verdict(Difference(*values)) for values in ((0, -1, 1), (0.5, -1.1, 2), (-1.1, -3, 1), (2, 1, 3))]
    assert met == ["yes", "within chance", "no", "yes"]


def test_the_table_has_a_row_for_each_file_and_size_of_prompt() -> None:
    before = [row(1, right=True), row(2, right=False), row(1, right=True, full=True)]
    lines = table({"today": before, "q8_0": [row(1, right=False), row(2, right=False)]})
    assert [line.split(" | ")[:4] for line in lines[2:]] == [
        ["| today", "small", "2", "1 (50.0 %)"],
        ["| q8_0", "small", "2", "0 (0.0 %)"],
        ["| today", "full", "1", "1 (100.0 %)"],
    ]
    assert "-50.0 (-50.0 to -50.0)" in lines[3]


def test_a_new_place_is_read_and_a_line_written() -> None:
    assert FileSpeed("a", 491, reads=190, writes=9).new_place == pytest.approx(2)
