"""What an editor's session does less of on battery, with a made folder of power supplies."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from ghost_desk import URI, Desk, writing

from assist_server.editor.power import FRESH, Power
from assist_server.local_model.machine import discharges

WORDS = "on battery: computes less in advance"


def supply(folder: Path, name: str = "BAT0", **files: str) -> Path:
    place = folder / name
    place.mkdir(exist_ok=True)
    for file, text in files.items():
        (place / file).write_text(f"{text}\n")
    return folder


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"type": "Battery", "status": "Discharging"}, True),
        ({"type": "Battery", "status": "Charging"}, False),
        ({"type": "Battery", "status": "Not charging"}, False),
        ({"type": "Battery", "status": "Discharging", "scope": "System"}, True),
        ({"type": "Battery", "status": "Discharging", "scope": "Device"}, False),
        ({"type": "Mains", "online": "0"}, False),
        ({"type": "Battery"}, False),
        ({}, False),
    ],
)
def test_only_a_battery_of_the_machine_counts(tmp_path: Path, files: dict[str, str], expected: bool) -> None:
    assert discharges(supply(tmp_path, "macsmc-battery", **files)) is expected


def test_a_machine_that_reports_nothing_is_on_mains(tmp_path: Path) -> None:
    assert not discharges(tmp_path / "none")
    assert not discharges(supply(tmp_path))


async def test_it_looks_at_events_and_seldom(tmp_path: Path) -> None:
    now = [100.0]
    changes: list[bool] = []
    power = Power(lambda: changes.append(power.on_battery), tmp_path, lambda: now[0])
    supply(tmp_path, type="Battery", status="Discharging")
    power.look()
    await power.wait()
    assert (power.on_battery, power.words) == (True, WORDS)
    supply(tmp_path, status="Charging")
    power.look()
    await power.wait()
    assert power.on_battery
    now[0] += FRESH
    assert changes == [True]
    power.look()
    await power.wait()
    assert (changes, power.words) == ([True, False], "")


def read(desk: Desk) -> int:
    return desk.models[0].prefix_cache.computed


async def settle(desk: Desk) -> None:
    """Wait until the power is known and the model has nothing to do."""
    await desk.session.power.wait()
    engine: Any = desk.session.model.engine
    while not engine._worker.idle():
        await asyncio.sleep(0.005)
    await asyncio.sleep(0.01)


async def test_on_battery_nothing_is_read_ahead_in_a_file_that_is_only_read(tmp_path: Path) -> None:
    supply(tmp_path, type="Battery", status="Discharging")
    async with writing(tmp_path, "x = █\ny = 1\n", "call(y)", supplies=tmp_path) as desk:
        desk.session.power.look()
        await settle(desk)
        assert desk.session.status.power == WORDS
        before = read(desk)
        desk.session.move_cursor(URI, 1, 0)
        await settle(desk)
        assert read(desk) == before
        desk.edit("z", (1, 0), (1, 0))
        desk.session.move_cursor(URI, 1, 1)
        await settle(desk)
        assert read(desk) > before


@pytest.mark.parametrize("status", ["Discharging", "Charging"])
async def test_on_battery_an_accepted_text_is_not_continued(tmp_path: Path, status: str) -> None:
    supply(tmp_path, type="Battery", status=status)
    async with writing(tmp_path, "x = █\n", "total(items)\ny = more(items)\n", supplies=tmp_path) as desk:
        desk.session.power.look()
        await settle(desk)
        await desk.accept()
        await settle(desk)
        continued = desk.session.totals()["speculated"]
        assert continued == (0 if status == "Discharging" else 1)
