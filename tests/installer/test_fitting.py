"""Which model `assist setup` proposes: the largest that reads soon enough and that memory holds."""

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from config_files import environ

from assist_completion.inference.speed_probe import budget_for
from assist_completion.inference.speed_trial import Speed
from assist_completion.model_store.catalogue import ModelRow, find, rows
from assist_installer.cli.setup import take_best
from assist_installer.fetching.partial_download import FetchOptions
from assist_installer.fitting import (
    ANSWERS,
    GHOST_TEXT,
    Fitting,
    Wait,
    best_of,
    billions,
    candidates,
    file_bytes,
    fits,
    has_room,
    scale,
    wait_for,
)
from assist_installer.setup import (
    MIDDLE,
    SMALL,
    Choice,
    NamedIn,
    ReadyModel,
    Requested,
    SuitsMachine,
    choose,
    default_row,
    fits_here,
)
from assist_installer.wording import fit_words
from assist_server.config.config import load_lenient

SPEEDS = Path(__file__).parents[2] / "benchmarks" / "bench" / "machines" / "speeds.toml"
LARGE = "qwen2.5-coder-7b-instruct"
GB = 10**9
CARD = Speed(9000, 200, 1, 32768, device="cuda", name="a card", memory=24 * GB, free=22 * GB)


def ladder(
    speed: Speed,
    here: Mapping[str, Speed] | None = None,
    memory: int = 64 * GB,
    wait: Wait = GHOST_TEXT,
    start: str = SMALL,
) -> list[Fitting]:
    row = find(start)
    known = here or {}
    listed = [find(SMALL), find(MIDDLE), find(LARGE)]
    return fits(listed, lambda row: known.get(row.name), (row, speed), memory, wait)


@pytest.mark.parametrize(
    ("reads", "best"),
    [(150, SMALL), (370, SMALL), (390, MIDDLE), (1700, MIDDLE), (1800, LARGE)],
)
def test_the_largest_that_is_estimated_to_read_a_new_place_within_a_second_and_a_half(
    reads: float, best: str
) -> None:
    assert best_of(ladder(Speed(reads, 150, 1, 32768))).row.name == best


def test_the_figures_end_with_the_first_model_that_is_too_slow() -> None:
    found = ladder(Speed(150, 30, 1, 32768))
    assert [(fit.row.name, fit.measured, fit.soon) for fit in found] == [
        (SMALL, True, True),
        (MIDDLE, False, False),
    ]
    assert round(found[0].seconds, 2) == 1.27


def test_what_is_here_counts_by_its_own_measurement_and_the_next_is_estimated_from_it() -> None:
    """As on two cores with a unit for matrices, where the 1.5B is twice as fast as is estimated."""
    found = ladder(Speed(229, 32, 2, 32768), {MIDDLE: Speed(160, 15, 2, 32768)})
    assert best_of(found).row.name == MIDDLE
    assert [fit.measured for fit in found] == [True, True, False]
    assert found[2].speed.prefill == pytest.approx(160 * 1.5 / 7)


def test_a_model_that_was_measured_to_be_too_slow_is_declined() -> None:
    found = ladder(Speed(400, 32, 2, 32768), {MIDDLE: Speed(95, 15, 2, 32768)})
    assert best_of(found).row.name == SMALL
    assert not found[-1].soon


def test_a_model_that_writes_too_slowly_is_declined_however_soon_it_reads() -> None:
    """As on 16 cores, where a 7B reads a new place in half a second and writes 11 tokens a second."""
    known = {MIDDLE: Speed(1100, 55, 4, 32768), LARGE: Speed(350, 11, 8, 32768)}
    found = ladder(Speed(3000, 120, 4, 32768), known)
    assert best_of(found).row.name == MIDDLE
    assert (found[-1].seconds < GHOST_TEXT.seconds, found[-1].soon) == (True, False)


def test_a_smaller_model_is_proposed_where_the_first_choice_is_too_slow() -> None:
    found = ladder(Speed(110, 15, 1, 32768), start=MIDDLE)
    assert best_of(found).row.name == SMALL
    assert [(fit.measured, fit.soon) for fit in found] == [(False, True), (True, False)]


def test_the_smallest_is_left_where_all_are_too_slow() -> None:
    assert best_of(ladder(Speed(60, 9, 1, 32768))).row.name == SMALL


@pytest.mark.parametrize(
    ("gigabytes", "best"), [(0, SMALL), (4, SMALL), (8.1, MIDDLE), (10, MIDDLE), (16, LARGE)]
)
def test_memory_has_to_hold_the_model_and_the_rest_of_the_machine(gigabytes: float, best: str) -> None:
    assert best_of(ladder(Speed(5000, 150, 1, 32768), memory=int(gigabytes * GB))).row.name == best


@pytest.mark.parametrize(
    ("changed", "memory", "room"),
    [
        ({}, 0, True),  # a card has its own
        ({"free": 3 * GB}, 64 * GB, False),  # others use it
        ({"free": 0, "memory": 4 * GB}, 64 * GB, False),
        ({"free": 0, "memory": 8 * GB}, 64 * GB, True),
        ({"shared": True}, 8 * GB, False),
        ({"shared": True}, 16 * GB, True),
        ({"shared": True, "free": 4 * GB}, 64 * GB, False),
        ({"free": 0, "memory": 0}, 8 * GB, False),  # not known: that of the machine counts
    ],
)
def test_a_device_has_to_hold_the_model_with_what_is_free(
    changed: Mapping[str, int], memory: int, room: bool
) -> None:
    assert has_room(find(LARGE), memory, replace(CARD, **changed)) is room  # type: ignore[arg-type]


def test_answers_may_take_longer_and_need_no_infilling() -> None:
    assert wait_for("answers") == ANSWERS
    assert wait_for("both") == GHOST_TEXT
    slow = Speed(230, 32, 1, 32768)
    assert best_of(ladder(slow)).row.name == SMALL
    assert best_of(ladder(slow, wait=ANSWERS)).row.name == MIDDLE


def test_what_is_proposed_may_be_used_at_work_and_answers_too() -> None:
    found = candidates(rows(), "ghost-text", find(SMALL))
    assert [row.name for row in found][:2] == [SMALL, MIDDLE]
    assert all(row.licence.commercial and row.instruct and row.fim for row in found)
    assert [billions(row) for row in found] == sorted({billions(row) for row in found})
    assert {row.family for row in found} == {find(SMALL).family}, "a size says nothing about another family"
    # The row that is in use is not exchanged for another one of its size.
    base = find(f"{SMALL}-base")
    assert candidates(rows(), "ghost-text", base)[0] == base


def test_nothing_is_proposed_to_those_who_named_a_model(tmp_path: Path) -> None:
    config = load_lenient(environ(tmp_path))
    row = find(SMALL)
    for reason in (Requested(), NamedIn(tmp_path)):
        assert not fits_here(config, Choice(SMALL, row, reason), CARD, print)
    suited = fits_here(config, Choice(SMALL, row, SuitsMachine(4, 64 * GB)), CARD, print)
    assert best_of(suited).row.name != SMALL


def test_answers_are_chosen_for_the_machine_as_long_as_no_model_is_set(tmp_path: Path) -> None:
    config = load_lenient(environ(tmp_path))
    assert isinstance(choose(config, role="answers").reason, SuitsMachine)
    answering = replace(config, answers=replace(config.answers, model=MIDDLE))
    assert isinstance(choose(answering, role="answers").reason, NamedIn)


def test_a_line_says_what_each_model_costs_and_what_is_estimated() -> None:
    words = fit_words(ladder(Speed(330, 49, 1, 32768), {MIDDLE: Speed(160, 15, 2, 32768)}), "ghost-text")
    assert words.startswith(
        "A new place is read in: 0.5B 0.6 s; 1.5B 1.2 s; 7B about 5.5 s (estimated, too slow). "
    )
    words = fit_words(ladder(CARD), "answers")
    assert words.startswith(
        "A question on 60 lines is read in: 0.5B on a card 0.0 s; 1.5B on a card about 0.1 s"
    )
    assert words.endswith("A larger one answers better.")


def test_no_pair_that_was_measured_is_slower_than_its_estimate() -> None:
    """Each pair: the same machine, from the smaller model to the larger one."""
    document = tomllib.loads(SPEEDS.read_text(encoding="utf-8"))
    models = document["model"]
    for pair in document["pair"]:
        small, large = models[pair["small"]], models[pair["large"]]
        ratios = (small["billions"] / large["billions"], small["bytes"] / large["bytes"])
        for each in ("reads", "writes"):
            if each in pair:
                measured, other = pair[each]
                speed = scale(Speed(measured, measured, 1, 0), *ratios)
                estimate = speed.prefill if each == "reads" else speed.decode
                assert estimate <= 1.001 * other, pair


def test_sizes_are_read_from_the_catalogue() -> None:
    row = find(SMALL)
    names = {"135M": 0.135, "0.5B": 0.5, "30B-A3B": 30, "unknown": float("inf")}
    assert {name: billions(replace(row, parameters=name)) for name in names} == names
    assert file_bytes(row) == row.bytes
    assert file_bytes(replace(row, bytes=0, parameters="7B")) == 5.25e9


def test_the_catalogue_says_the_size_of_all_that_may_be_proposed() -> None:
    def known(row: ModelRow) -> bool:
        return bool(row.bytes) and billions(row) < 100

    assert all(map(known, candidates(rows(), "ghost-text", find(SMALL))))


def ready_with(tmp_path: Path, speed: Speed) -> ReadyModel:
    """The 0.5B as it was set up on a roomy machine, from which nothing can be fetched."""
    config = replace(load_lenient(environ(tmp_path)), offline=True)
    choice = Choice(SMALL, find(SMALL), SuitsMachine(8, 64 * GB))
    return ReadyModel(
        config, choice, tmp_path / "small.gguf", speed, budget_for(speed, config.completion), True, False
    )


def test_a_script_is_told_how_to_take_a_larger_model(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ready = ready_with(tmp_path, Speed(2000, 150, 1, 32768))
    kept = take_best(ready, FetchOptions(offline=True), yes=False, ask=True)
    said = capsys.readouterr().err
    assert kept == ready
    assert "0.5B 0.1 s; 1.5B about 0.3 s (estimated); 7B about 1.3 s (estimated)" in said
    assert f"To take it: assist setup {LARGE}" in said
    assert "We have not run it ourselves." in said


def test_yes_agrees_to_one_gigabyte_and_names_what_is_larger(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing can be fetched here, and the model that is set up stays."""
    ready = ready_with(tmp_path, Speed(2000, 150, 1, 32768))
    assert take_best(ready, FetchOptions(offline=True), yes=True, ask=True) == ready
    said = capsys.readouterr().err
    assert f"The model {MIDDLE} could not be fetched" in said
    assert f"{SMALL} is used." in said
    ready = replace(ready, choice=replace(ready.choice, model=MIDDLE, row=find(MIDDLE)))
    ready = replace(ready, speed=Speed(950, 60, 1, 32768))
    assert take_best(ready, FetchOptions(offline=True), yes=True, ask=True) == ready
    assert f"Not fetched automatically (4.7 GB): assist setup {LARGE}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("gigabytes", "cores", "expected"),
    [(4, 2, SMALL), (24, 2, SMALL), (4, 16, SMALL), (1, 1, SMALL), (16, 8, MIDDLE), (64, 32, MIDDLE)],
)
def test_setting_up_starts_with_a_model_that_we_ran_and_memory_holds(
    gigabytes: int, cores: int, expected: str
) -> None:
    row = default_row(gigabytes * 2**30, cores)
    assert row.name == expected
    assert row.ran
    assert row.licence.commercial
