"""The simulated machines: each figure has its source, and setting up ends with what was measured there."""

import json
from pathlib import Path

import pytest

from assist_completion.inference.speed_trial import CALL, SLICES, Speed
from assist_completion.model_store.catalogue import find
from assist_installer.fitting import GHOST_TEXT
from assist_installer.setup import MIDDLE, SMALL
from bench.machines.simulated import Machine, call_seconds, read_machines, set_up, sources_of, speed_of
from machines import document, key_costs, table

LARGE = "qwen2.5-coder-7b-instruct"
MACHINES = {machine.name: machine for machine in read_machines()}


def machine_of(part: str) -> Machine:
    return next(machine for name, machine in MACHINES.items() if part in name)


def test_there_are_twenty_machines_and_each_figure_says_where_it_comes_from() -> None:
    assert len(MACHINES) >= 20
    for machine in MACHINES.values():
        figures = [*machine.processor, *machine.device]
        assert figures, machine.name
        assert all(each.source == "ours" or "https://github.com/" in each.source for each in figures)
        assert all(each.reads or each.writes for each in figures)
        assert bool(machine.kind) == bool(machine.device or machine.device_fails)


@pytest.mark.parametrize(
    ("machine", "model"),
    [
        ("Intel N100", SMALL),
        ("i5-9500", SMALL),
        ("8840U (2024), AVX-512", MIDDLE),
        ("Radeon RX 580", MIDDLE),
        ("Apple M4, 10", MIDDLE),
        ("M4 Max", LARGE),
        ("RTX 3060", LARGE),
    ],
)
def test_what_setting_up_ends_with(machine: str, model: str) -> None:
    outcome = set_up(machine_of(machine))
    if (outcome.row.family, model) == (find(LARGE).family, LARGE):
        assert float(outcome.row.parameters.rstrip("B")) >= 7
    else:
        assert outcome.row.name == model


def test_no_machine_ends_with_a_model_that_is_too_slow_unless_all_are() -> None:
    for machine in MACHINES.values():
        outcome = set_up(machine)
        assert GHOST_TEXT.takes(outcome.speed) <= GHOST_TEXT.seconds or outcome.row.name == SMALL


def test_a_model_that_is_here_is_measured_and_not_estimated() -> None:
    """Two cores of ours: their unit for matrices serves the larger model better than an estimate can say."""
    ours = machine_of("Xeon with AMX")
    assert set_up(ours).row.name == SMALL
    assert set_up(ours, here=[SMALL, MIDDLE]).row.name == MIDDLE


def test_a_device_that_fails_leaves_the_processor_to_the_model() -> None:
    outcome = set_up(machine_of("lavapipe"))
    assert not outcome.speed.device
    assert outcome.speed == set_up(machine_of("Xeon with AMX")).speed


def test_an_integrated_device_is_used_only_where_it_is_faster() -> None:
    assert not speed_of(machine_of("Iris Xe"), find(SMALL)).device
    assert speed_of(machine_of("780M"), find(MIDDLE)).device == "vulkan"


def test_a_device_reads_slices_that_can_be_stopped() -> None:
    for machine in MACHINES.values():
        speed = set_up(machine).speed
        if speed.device:
            seconds = speed.slice / speed.prefill
            assert seconds <= CALL or speed.slice == SLICES[0]
    assert call_seconds(512, 500, 20) == pytest.approx(512 / 500)


def test_the_table_marks_what_is_scaled() -> None:
    ours, other = machine_of("Xeon with AMX"), machine_of("Intel N100")
    rows = [document(machine, set_up(machine), None) for machine in (ours, other)]
    assert [row["scaled"] for row in rows] == [False, True]
    assert json.loads(json.dumps(rows)) == rows
    assert table(rows).count("(scaled)") == 1
    assert sources_of(ours, set_up(ours)) == ("ours", False)


@pytest.mark.model
def test_a_key_costs_less_on_a_faster_machine(model_path: Path) -> None:
    slow, fast = (key_costs(Speed(*pair, 1, 32768), model_path, [1]) for pair in ((80, 15), (900, 60)))
    assert fast["computing"] < slow["computing"]
    assert fast["first_p95"] < slow["first_p95"]
    assert 0 < fast["first_shown"] <= 1
