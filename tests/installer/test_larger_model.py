"""Which model `assist setup` begins with, and when it thinks of a larger one: no name given, memory for both."""

from pathlib import Path

import pytest
from config_files import environ

from assist_completion.inference.speed_trial import Speed
from assist_completion.model_store.catalogue import find
from assist_installer.setup import (
    MIDDLE,
    MIDDLE_BYTES,
    SMALL,
    Choice,
    ChoiceReason,
    NamedIn,
    Requested,
    SuitsMachine,
    default_row,
    larger_choice,
)
from assist_installer.wording import larger_speed_words, larger_words
from assist_server.config.config import load_lenient

GIB = 2**30
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


@pytest.mark.parametrize(
    ("memory", "cores", "expected"),
    [
        (4 * GIB, 2, "qwen2.5-coder-0.5b"),
        (24 * GIB, 2, "qwen2.5-coder-0.5b"),
        (4 * GIB, 16, "qwen2.5-coder-0.5b"),
        (1 * GIB, 1, "qwen2.5-coder-0.5b"),
        (16 * GIB, 8, "qwen2.5-coder-1.5b"),
        (64 * GIB, 32, "qwen2.5-coder-1.5b"),
    ],
)
def test_the_default_fits_the_machine(memory: int, cores: int, expected: str) -> None:
    row = default_row(memory, cores)
    assert row.name == expected
    assert row.tested
    assert row.licence.commercial
