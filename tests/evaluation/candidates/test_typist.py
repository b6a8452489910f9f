"""A block is typed key by key: what is accepted need not be typed, and wrong texts are counted once."""

import doctest

from assist_evaluation.candidates import typist as typist_module
from assist_evaluation.candidates.typist import KeySuggestion, type_block

TEXT = "total = price * count\nreturn total"


async def test_nothing_shown_means_every_key_is_typed() -> None:
    async def suggest(_: str, __: bool) -> KeySuggestion:
        return KeySuggestion(ms=4.0, tokens_read=2)

    log = await type_block(TEXT, suggest)
    counts = log.counts(len(TEXT))
    assert (log.keys, log.shown, counts["kept"]) == (len(TEXT), 0, 0.0)
    assert (counts["ms_p50"], counts["tokens_per_key"]) == (4.0, 2.0 * (len(TEXT) - 1) / len(TEXT))


async def test_a_right_text_is_accepted_and_the_next_one_is_asked_after_it() -> None:
    asked: list[tuple[str, bool]] = []
    accepted: list[int] = []

    async def suggest(typed: str, after: bool) -> KeySuggestion:
        asked.append((typed, after))
        return KeySuggestion(TEXT[len(typed) :].partition("\n")[0], id=len(asked))

    log = await type_block(TEXT, suggest, accepted.append)
    assert log.accepted == 2
    assert log.saved == len("otal = price * count") + len("return total")
    assert asked[1] == ("total = price * count", True)
    assert accepted == [1, 3]


async def test_a_wrong_text_counts_once_while_it_stays() -> None:
    async def suggest(typed: str, _: bool) -> KeySuggestion:
        ghost = "otal = nothing at all"
        return KeySuggestion(
            ghost[len(typed) - 1 :] if TEXT.startswith("t" + ghost[: len(typed) - 1]) else ""
        )

    log = await type_block(TEXT, suggest)
    assert (log.shown, log.wrong, log.accepted) == (1, 1, 0)


def test_examples() -> None:
    assert doctest.testmod(typist_module).failed == 0
