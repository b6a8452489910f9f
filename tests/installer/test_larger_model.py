"""When `assist setup` thinks of the larger model: where memory holds both, and the user named none."""

from pathlib import Path

import pytest
from config_files import environ

from assist_completion.inference.speed_trial import Speed
from assist_completion.model_store.catalogue import MIDDLE, MIDDLE_BYTES, SMALL, find
from assist_installer.setup import (
    Choice,
    ChoiceReason,
    NamedIn,
    Requested,
    SuitsMachine,
    larger_choice,
)
from assist_installer.wording import larger_speed_words, larger_words
from assist_server.config.config import load_lenient

ROOMY = SuitsMachine(4, MIDDLE_BYTES)
FAST, SLOW = Speed(460, 60, 2, 32768), Speed(155, 30, 2, 32768)


@pytest.mark.parametrize(
    ("model", "reason", "speed", "larger"),
    [
        (SMALL, ROOMY, FAST, MIDDLE),
        (SMALL, ROOMY, SLOW, ""),
        (SMALL, SuitsMachine(4, MIDDLE_BYTES - 1), FAST, ""),
        (SMALL, SuitsMachine(4, 0), FAST, ""),  # the system does not say how much there is
        (SMALL, Requested(), FAST, ""),
        (SMALL, NamedIn(Path("config.toml")), FAST, ""),
        (MIDDLE, ROOMY, FAST, ""),
    ],
)
def test_the_largest_model_that_reads_a_new_place_soon_enough_is_taken(
    tmp_path: Path, model: str, reason: ChoiceReason, speed: Speed, larger: str
) -> None:
    found = larger_choice(load_lenient(environ(tmp_path)), Choice(model, find(model), reason), speed)
    assert (found.model if found else "") == larger
    if found:
        assert found.row == find(larger)


def test_words_name_the_seconds_of_both_models() -> None:
    small = Speed(460, 60, 1, 32768)
    words = larger_speed_words(Speed(190, 30, 1, 32768), small)
    assert words == "It reads a new place in 1.0 s here, the smaller one in 0.4 s. It is used for ghost text."
    assert larger_speed_words(Speed(95, 20, 1, 32768), small).endswith("the smaller one stays.")
    assert larger_words(find(MIDDLE)).startswith(f"{MIDDLE} is probably fast enough")
