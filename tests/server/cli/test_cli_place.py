"""The rules of the place where one is hold for every question, seen from the command line."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from asked_shop import KEY
from command_runs import Assist, runner
from vendor import configure_provider

pytestmark = pytest.mark.slow


NEVER = '[escalation]\nmode = "never"\n'
RATES = "def negotiated_discount_rate(customer):\n    return {'acme': 0.37}[customer]\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Two repositories in one folder: the first one forbids to send anything."""
    place = tmp_path / "src"
    for name, file, text in (
        ("mine", "main.py", "def hello():\n    return 1\n"),
        ("other", "rates.py", RATES),
    ):
        (place / name / "sub").mkdir(parents=True)
        (place / name / "sub" / "greet.py").write_text("def greet():\n    return 2\n")
        (place / name / file).write_text(text)
        subprocess.run(["git", "init", "-q", str(place / name)], check=True)
    (place / "mine" / ".assist.toml").write_text(NEVER)
    return place


@pytest.fixture
def at(place: Path, home: dict[str, str]) -> Callable[[str], Assist]:
    return lambda folder: runner(place / folder, {**home, "ACME_KEY": KEY})


def test_an_index_above_the_repository_lends_no_text_and_the_place_has_its_say(
    at: Callable[[str], Assist], tmp_path: Path, place: Path
) -> None:
    configure_provider(tmp_path / "config", "http://127.0.0.1:9")
    assert at("")("index").code == 0
    words = "where is the negotiated discount rate of a customer?"
    asked = at("mine/sub")("route", "ask", words, "--frontier", "--json").json
    assert asked["target"] == "refused"
    assert not any("rates.py" in each for each in asked["files"])
    (place / "mine" / ".assist.toml").unlink()
    asked = at("mine")("route", "ask", words, "--frontier", "--json").json
    assert not any("rates.py" in each for each in asked["files"])


def test_a_question_about_a_file_elsewhere_is_asked_by_the_rules_here_and_its_folder_is_named(
    at: Callable[[str], Assist], tmp_path: Path, place: Path
) -> None:
    rates = str(place / "other" / "rates.py")
    configure_provider(tmp_path / "config", "http://127.0.0.1:9")
    asked = at("mine/sub")("route", "explain", rates, "--frontier", "--json").json
    assert (asked["target"], asked["provider"]) == ("refused", None)
    shown = at("other/sub")("explain", rates, "--frontier", "--dry-run").out
    assert str(place / "other") in shown.replace("\n", "")
    told = at("mine")("explain", rates, "--facts").err
    assert (
        f"is outside {place / 'mine'}: it is treated as a file of {place / 'other'}, and the question" in told
    )
    assert "the rules of both folders apply" in told


def test_all_names_of_a_file_inside_are_judged(
    at: Callable[[str], Assist], tmp_path: Path, place: Path
) -> None:
    (place / "other" / "sub" / "public.py").symlink_to("../rates.py")

    def target(name: str = "sub/public.py") -> str:
        return str(at("other")("route", "explain", name, "--frontier", "--json").json["target"])

    configure_provider(tmp_path / "config", "http://127.0.0.1:9")
    assert target() == "frontier"
    (place / "other" / ".assistignore").write_text("public.py\n")
    assert target() == "refused"
    configure_provider(tmp_path / "config", "http://127.0.0.1:9", more='[egress]\ndeny = ["sub/"]')
    os.link(place / "other" / "rates.py", place / "other" / "sub" / "hard.py")
    assert target("rates.py") == "refused"


def test_a_folder_that_git_ignores_stays_asked_from_wherever_but_itself(
    at: Callable[[str], Assist], tmp_path: Path, place: Path
) -> None:
    (place / "other" / "private").mkdir()
    notes = place / "other" / "private" / "notes.py"
    notes.write_text(RATES)
    (place / "other" / ".gitignore").write_text("private/\n")
    configure_provider(tmp_path / "config", "http://127.0.0.1:9")

    def target(folder: str, name: str) -> str:
        return str(at(folder)("route", "explain", name, "--frontier", "--json").json["target"])

    assert target("other/sub", "../private/notes.py:1-2") == "refused"
    assert target("other/sub", "../rates.py:1-2") == "frontier"
    assert target("other/private", "notes.py") == "frontier"
