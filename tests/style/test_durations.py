"""How long test files took, against a record: with made-up figures, on slow and fast machines."""

import importlib.util
import json
from pathlib import Path

import pytest

SPEC = importlib.util.spec_from_file_location(
    "check_durations", Path(__file__).with_name("check_durations.py")
)
assert SPEC is not None
assert SPEC.loader is not None
check_durations = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(check_durations)
RECORDED = {
    "tests/a.py": 100.0,
    "tests/b.py": 40.0,
    "tests/c.py": 20.0,
    "tests/d.py": 0.1,
    "tests/e.py": 200.0,
}


def complaints(taken: dict[str, float]) -> list[str]:
    return [line.split()[0] for line in check_durations.too_slow(taken, RECORDED)]


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_a_machine_of_any_speed_is_as_fast_as_it_is(factor: float) -> None:
    taken = {file: factor * seconds for file, seconds in RECORDED.items()}
    assert check_durations.factor_of(taken, RECORDED) == pytest.approx(factor)
    assert complaints(taken) == []
    assert complaints({**taken, "tests/a.py": factor * 210 + 60}) == ["tests/a.py"]


@pytest.mark.parametrize(
    ("file", "seconds", "told"),
    [
        ("tests/b.py", 99.0, False),  # more than twice as long, but not by the slack
        ("tests/b.py", 101.0, True),
        ("tests/e.py", 390.0, False),  # by more than the slack, but not twice as long
        ("tests/e.py", 410.0, True),
        ("tests/d.py", 61.0, True),
        ("tests/new.py", 59.0, False),
        ("tests/new.py", 61.0, True),
    ],
)
def test_twice_as_long_and_the_slack_more_is_too_slow(file: str, seconds: float, told: bool) -> None:
    assert complaints({**RECORDED, file: seconds}) == [file] * told


def test_a_run_is_recorded_and_the_next_one_compared_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record, runs = tmp_path / "durations.toml", tmp_path / "runs"
    runs.mkdir()

    def ran(suite: str, seconds: float) -> None:
        (runs / f"{suite}.json").write_text(json.dumps({**RECORDED, "tests/a.py": seconds}))

    ran("test", 100.0)
    assert check_durations.main([], record, runs) == 0, "nothing is recorded yet"
    assert check_durations.main(["--write"], record, runs) == 0
    ran("test", 310.0)
    assert check_durations.main([], record, runs) == 1
    said = capsys.readouterr().out
    assert said.startswith(
        "tests/a.py took 310.0 s, and 100.0 s are usual here: make it faster, or record it"
    )
    ran("e2e", 99.0)
    assert check_durations.main(["--write"], record, runs) == 0
    assert check_durations.main([], record, runs) == 0
    (runs / "test.json").unlink()
    assert check_durations.main([], record, runs) == 1
    assert "No run of make test" in capsys.readouterr().out
    assert '[e2e]\n"tests/a.py" = 99.0\n' in record.read_text()


def test_the_editors_suite_is_compared_as_a_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record, runs = tmp_path / "durations.toml", tmp_path / "runs"
    runs.mkdir()

    def ran(*seconds: float) -> int:
        (runs / "e2e.json").write_text(json.dumps(dict(zip(RECORDED, seconds, strict=True))))
        return int(check_durations.main([], record, runs))

    assert ran(*RECORDED.values()) == 0
    assert check_durations.main(["--write"], record, runs) == 0
    assert ran(10.0, 300.0, 10.0, 0.1, 40.0) == 0, "one file waited for another"
    assert ran(*(3 * seconds for seconds in RECORDED.values())) == 1
    assert "make e2e took 1080.3 s, and 360.1 s are usual here" in capsys.readouterr().out
