"""Real files, correct edits, and the errors of models: the result is the intended text or nothing."""

import pytest
from edit_corpus import run


@pytest.mark.slow
def test_no_edit_lands_in_a_wrong_place() -> None:
    counts = run(250, seed=5)
    ended = {
        end: sum(count for (_, each), count in counts.items() if each == end)
        for end in ("WRONG", "intended", "refused")
    }
    assert ended["WRONG"] == 0
    assert ended["intended"] > 50  # else the corpus proves nothing
    assert ended["refused"] > 50
    assert counts["plain", "intended"] > counts["plain", "refused"]
