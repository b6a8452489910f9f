"""The cache finds an answer exactly where it still holds."""

from assist_completion.display.cursor_site import CursorSite
from assist_completion.display.suggestion_cache import ENTRIES, KnownText, SuggestionCache
from assist_context.languages import PLAIN

BEFORE = "x" * 500 + "\ndef total(items):\n    "
SPANS = ((6, -0.1), (12, -0.5))


def site(before: str, path: str = "a.py", below: str = "below") -> CursorSite:
    return CursorSite(before, f"\n{below}\n", PLAIN, path)


def known(text: str) -> KnownText:
    return KnownText(text, SPANS, 0, ended=False)


def cache(text: str = "return sum(items)", before: str = BEFORE) -> SuggestionCache:
    made = SuggestionCache()
    made.put(site(before), known(text))
    return made


def find(made: SuggestionCache, before: str, path: str = "a.py", below: str = "below") -> str | None:
    hit = made.find(site(before, path, below))
    return hit.text if hit else None


def test_the_same_cursor() -> None:
    assert find(cache(), BEFORE) == "return sum(items)"


def test_typed_through() -> None:
    hit = cache().find(site(BEFORE + "return "))
    assert hit is not None
    assert (hit.text, hit.skipped, hit.spans) == ("sum(items)", 7, ((5, -0.5),))


def test_typed_through_over_a_newline() -> None:
    assert find(cache("a = 1\n    b = 2"), BEFORE + "a = 1\n    ") == "b = 2"


def test_typing_something_else_is_no_hit() -> None:
    assert find(cache(), BEFORE + "rex") is None
    assert find(cache(), BEFORE + "return sum(items)") is None


def test_another_file_or_another_suffix_is_no_hit() -> None:
    assert find(cache(), BEFORE, path="b.py") is None
    assert find(cache(), BEFORE, below="other") is None


def test_another_text_above_is_no_hit() -> None:
    assert find(cache(), BEFORE.replace("total", "other")) is None


def test_deleting_offers_what_was_deleted() -> None:
    assert find(cache(before=BEFORE + "ret", text="urn 1"), BEFORE + "re") == "turn 1"
    assert find(cache(before="ret", text="urn 1"), "re") == "turn 1"


def test_deleting_a_line_break_is_no_hit() -> None:
    assert find(cache(before="a\n", text="b"), "a") is None


def test_only_the_indentation_changed() -> None:
    assert find(cache(), BEFORE + "    ") == "return sum(items)"
    assert find(cache(), BEFORE[:-4]) == "return sum(items)"


def test_the_start_of_a_file_is_no_place_in_its_middle() -> None:
    assert find(cache(before="import ", text="os"), "x = 1\nimport ") is None


def test_the_newest_answer_wins() -> None:
    made = cache()
    made.put(site(BEFORE + "ret"), known("urn 0"))
    assert find(made, BEFORE + "ret") == "urn 0"


def test_it_stays_small() -> None:
    made = cache()
    for n in range(ENTRIES):
        made.put(site(f"{n}"), known("text"))
    assert find(made, BEFORE) is None
