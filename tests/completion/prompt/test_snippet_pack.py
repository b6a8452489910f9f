"""Packs stay the same, grow at the end, or are replaced as a whole."""

from assist_completion.prompt.layout import count_tokens
from assist_completion.prompt.snippet_pack import Pack, offer
from assist_context.documents import Snippet


def snippet(name: str, score: float, lines: int = 5) -> Snippet:
    return Snippet(f"{name}.py", 1, lines, f"{name}\n" * lines, "definition", score)


A, B, C, D = (snippet(name, 0.03) for name in ("a", "b", "c", "d"))
ROOM = 2 * count_tokens(A) + 2


def test_the_first_ranking_fills_the_pack_the_best_last() -> None:
    assert offer(Pack(), [A, B, C], ROOM) == Pack((B, A), 1)


def test_the_same_ranking_in_another_order_changes_nothing() -> None:
    pack = offer(Pack(), [A, B], ROOM)
    assert offer(pack, [B, A], ROOM) is pack


def test_a_pack_grows_at_its_end_so_that_its_beginning_is_not_read_again() -> None:
    pack = offer(Pack(), [A], 3 * ROOM)
    grown = offer(pack, [B, A], 3 * ROOM)
    assert grown == Pack((A, B), 1)


def test_a_full_pack_is_replaced_only_by_a_clearly_better_one() -> None:
    pack = offer(Pack(), [A, B], ROOM)
    assert offer(pack, [C, A, B], ROOM) is pack
    assert offer(pack, [C, D], ROOM) == Pack((D, C), 2)


def test_nothing_found_keeps_what_there_is() -> None:
    pack = offer(Pack(), [A], ROOM)
    assert offer(pack, [], ROOM) is pack


def test_a_snippet_that_does_not_fit_makes_way_for_one_that_does() -> None:
    long = snippet("long", 0.09, lines=500)
    assert offer(Pack(), [long, A], ROOM).snippets == (A,)
