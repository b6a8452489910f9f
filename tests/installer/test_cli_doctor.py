"""`assist doctor`: without a model, with an index, and with the real model."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from command_runs import Assist, process_runner, runner
from recording import configure

from assist_server.workspace.folders import find_database


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder of the workspace with a file that has an outline."""
    root = tmp_path / "shop space"
    root.mkdir()
    (root / "shop.py").write_text(
        "def gross_price(net, vat_rate):\n    return round(net * (1 + vat_rate), 2)\n"
    )
    return root


def test_the_doctor_without_a_model_is_exit_1_with_a_remedy(assist: Assist) -> None:
    done = assist("doctor", "--json")
    assert done.code == 1
    report = done.json
    assert not report["ok"]
    assert report["model"]["infilling"] is False
    assert report["packages"]["pygls"]
    assert report["machine"]["llama"]["build"]
    assert report["editor_knowledge"] is True
    assert report["machine"]["cores"] >= 1
    assert report["machine"]["memory_bytes"] > 10**8
    [problem] = report["problems"]
    assert problem["blocks"]
    assert "assist setup" in problem["remedy"]


def test_the_doctor_tells_people_the_same(tmp_path: Path, home: dict[str, str]) -> None:
    """In a process of its own: where a test has loaded one llama.cpp, there is no other."""
    done = process_runner(tmp_path, home)("doctor", "--offline")
    assert done.code == 1
    assert "PROBLEM: The model qwen2.5-coder-0.5b is not on this machine" in done.out
    assert "offline: no socket is opened" in done.out
    assert "its other language servers are asked which members exist" in " ".join(done.out.split())
    assert re.search(
        r"^llama.cpp +(native|fetched|prebuilt) \([^)]+\), uses \w+, \w+", done.out, re.MULTILINE
    )
    assert " = 1" not in done.out
    assert "\x1b" not in done.out


def test_the_doctor_lives_with_a_broken_configuration(assist: Assist, tmp_path: Path) -> None:
    configure(tmp_path, "[completion]\nmax_lines = 0\n")
    problems = assist("doctor", "--json").json["problems"]
    assert any("max_lines" in problem["what"] and "Edit" in problem["remedy"] for problem in problems)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("config/config.toml", '[completion]\nmode = "turbo"\n'),
        ("config/config.toml", '[escalation]\nmode = "turbo"\n'),
        ("config/config.toml", "[completion\n"),
        ("config/policy.toml", '[escalation]\nmode = "turbo"\n'),
        (".assist.toml", "[escalation]\nmax_cost_usd_per_day = -1\n"),
    ],
)
def test_the_doctor_fails_for_a_setting_that_cannot_be(
    assist: Assist, tmp_path: Path, file: str, text: str
) -> None:
    configure(tmp_path, "")
    (tmp_path / file).write_text(text)
    done = assist("doctor", "--json")
    assert (done.code, done.json["ok"]) == (1, False)
    assert [problem for problem in done.json["problems"] if problem["blocks"] and file in problem["what"]]


def test_the_doctor_does_not_fail_for_rules_that_are_not_accepted_yet(assist: Assist, tmp_path: Path) -> None:
    configure(tmp_path, "")
    (tmp_path / ".assist.toml").write_text('[egress]\ndeny = ["infra/**"]\n')
    problems = assist("doctor", "--json").json["problems"]
    assert not [problem for problem in problems if problem["blocks"] and "assist.toml" in problem["what"]]


def test_the_doctor_warns_of_a_directory_that_everyone_may_write(assist: Assist, tmp_path: Path) -> None:
    configure(tmp_path, "")
    (tmp_path / "config").chmod(0o777)
    problems = assist("doctor", "--json").json["problems"]
    assert any("chmod 700" in problem["remedy"] and not problem["blocks"] for problem in problems)


@pytest.mark.slow
def test_the_doctor_shows_the_index_of_the_working_directory(
    assist: Assist, shop: Path, tmp_path: Path
) -> None:
    before = assist("doctor", "--json").json["index"]
    assert before.keys() == {"enabled", "git", "sqlite", "languages", "libraries", "workspace"}
    assert before["workspace"] is None
    assert before["git"].endswith("git")
    assert before["sqlite"]["version"][0] == "3"
    assert {each["language"] for each in before["languages"]} == {"sql", "makefile"}
    assert "none for this directory yet" in assist("doctor").out
    assert assist("index").code == 0  # the index of `tmp_path` itself
    found = assist("doctor", "--json").json["index"]["workspace"]
    assert (found["root"], found["state"], found["waiting"]) == (str(tmp_path), "ready", 0)
    assert "of them read" in assist("doctor").out
    assert str(tmp_path / "data" / "index") in assist("doctor").out


def problems(assist: Assist) -> dict[str, str]:
    return {each["what"]: each["remedy"] for each in assist("doctor", "--json").json["problems"]}


def remedy_of(assist: Assist, words: str) -> str:
    found = problems(assist)
    return next(remedy for what, remedy in found.items() if words in what)


@pytest.mark.slow
def test_the_doctor_says_what_is_wrong_with_an_index(assist: Assist, shop: Path, tmp_path: Path) -> None:
    assert assist("index").code == 0
    assert not any("index" in what.lower() for what in problems(assist))
    file = Path(find_database(os.path.realpath(tmp_path), tmp_path / "data"))
    file.parent.chmod(0o755)
    assert "chmod 700" in remedy_of(assist, "Other users can read")
    file.write_bytes(b"SQLite format 3\0" + b"\xff" * 4_000)
    assert "assist index" in remedy_of(assist, "The index cannot be read")
    done = assist("doctor")
    assert "Note: The index cannot be read" in done.out


def test_the_doctor_without_git_says_so(tmp_path: Path, home: Mapping[str, str]) -> None:
    said = runner(tmp_path, {**home, "PATH": str(tmp_path)})("doctor").out
    assert "Note: git is not on PATH" in said
    assert "no git" in said


@pytest.mark.slow
def test_the_doctor_knows_that_indexing_is_off(assist: Assist, tmp_path: Path) -> None:
    assert assist("index").code == 0
    configure(tmp_path, "[context]\nindex = false\n")
    assert assist("doctor", "--json").json["index"]["enabled"] is False
    assert "turned off by `[context] index`" in assist("doctor").out


@pytest.mark.model
def test_the_doctor_says_what_to_expect(ready_assist: Assist) -> None:
    done = ready_assist("doctor", "--json")
    assert done.code == 0
    report = done.json
    assert report["ok"]
    assert report["model"]["infilling"]
    assert report["model"]["budget_tokens"]["context"] > 500
    assert "A warm one-line suggestion takes about" in report["model"]["in_words"]
    told = " ".join(ready_assist("doctor").out.split())
    assert "Completion works." in told
    assert " uses SSE3, " in told
    assert f"{report['model']['budget_tokens']['head']:,} tokens before the cursor" in told
