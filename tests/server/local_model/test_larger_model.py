"""When `assist setup` thinks of the larger model: where memory holds both, and the user named none."""

from pathlib import Path

import pytest
from config_files import environ

from assist_completion.inference.speed_probe import Speed
from assist_completion.model_store.catalogue import MIDDLE, MIDDLE_BYTES, SMALL, find
from assist_server.config.config import load_lenient
from assist_server.local_model.setup import (
    WARM,
    Choice,
    ChoiceReason,
    NamedIn,
    Requested,
    SuitsMachine,
    larger_choice,
    warm_median,
)
from assist_server.wording.models import larger_speed_words, larger_words

ROOMY = SuitsMachine(2, MIDDLE_BYTES)


@pytest.mark.parametrize(
    ("model", "reason", "larger"),
    [
        (SMALL, ROOMY, MIDDLE),
        (SMALL, SuitsMachine(2, MIDDLE_BYTES - 1), ""),
        (SMALL, SuitsMachine(2, 0), ""),  # the system does not say how much there is
        (SMALL, Requested(), ""),
        (SMALL, NamedIn(Path("config.toml")), ""),
        (MIDDLE, ROOMY, ""),
    ],
)
def test_a_larger_model_is_thought_of_where_it_fits(
    tmp_path: Path, model: str, reason: ChoiceReason, larger: str
) -> None:
    found = larger_choice(load_lenient(environ(tmp_path)), Choice(model, find(model), reason))
    assert (found.model if found else "") == larger
    if found:
        assert found.row == find(larger)


def test_words_name_the_seconds_of_both_models() -> None:
    small, large = Speed(220, 36, 1, 32768), Speed(90, 22.5, 1, 32768)
    assert warm_median(small) < warm_median(large) < WARM
    words = larger_speed_words(large, small)
    assert "0.20 s" in words
    assert "0.12 s" in words
    assert larger_words(find(MIDDLE)).startswith(f"{MIDDLE} also fits this machine.")
