"""`assist calibrate` on recorded feedback, through the command line."""

import stat

from command_runs import Assist
from recording import files, record_feedback

from assist_escalation.routing import calibration

Home = dict[str, str]


def rated(home: Home, good: int, bad: int) -> None:
    for number in range(good + bad):
        sign = "accepted" if number < good else "undone"
        record_feedback(home, f"r{number}", "routed", sign, files=1 + number % 9)


def test_calibrate_says_when_there_are_too_few_labels(assist: Assist, home: Home) -> None:
    rated(home, 3, 2)
    done = assist("calibrate")
    assert done.code == 0
    assert "5 local answers whose quality is known.\nBefore, with no calibration:\n" in done.out
    assert "Too few to calibrate: 20 are needed." in done.out
    found = assist("calibrate", "--json").json
    assert (found["labels"], found["least"], found["patch"], found["applied"]) == (5, 20, None, None)
    applied = assist("calibrate", "--apply", "--json")
    assert applied.code == 1
    assert "too few to calibrate" in applied.json["error"]
    assert not files(home).calibration.exists()


def test_calibrate_shows_before_and_after_and_applies_on_request(assist: Assist, home: Home) -> None:
    rated(home, 10, 30)
    done = assist("calibrate")
    assert done.code == 0
    assert "Platt's scaling" in done.out
    text = done.out[done.out.index("# Written by") :]
    assert calibration.read(text).labels == 40
    assert not files(home).calibration.exists()
    found = assist("calibrate", "--apply", "--json").json
    assert found["after"]["error"] < found["before"]["error"]
    assert found["applied"] == str(files(home).calibration)
    assert files(home).calibration.read_text() == found["patch"]
    assert stat.S_IMODE(files(home).calibration.stat().st_mode) == 0o600
    again = assist("calibrate", "--json").json
    assert again["before"] == found["after"]


def test_calibrate_lives_with_a_damaged_calibration(assist: Assist, home: Home) -> None:
    rated(home, 10, 30)
    files(home).calibration.write_text("points = 7")
    done = assist("calibrate", "--apply")
    assert done.code == 0
    assert "cannot be read" in done.err
    assert calibration.read(files(home).calibration.read_text()).labels == 40
