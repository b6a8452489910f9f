"""Code of a workspace runs only with the user's word, and never in one that is not trusted."""

from dataclasses import replace
from pathlib import Path

import pytest
from config_files import write

from assist_server.config.config import Config, load
from assist_server.config.run_consent import RunRequest, consent_lines, may_run, remember_agreed


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load(write(tmp_path, ""))


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    place = tmp_path / "repo"
    (place / ".git").mkdir(parents=True)
    return place


@pytest.mark.parametrize(
    ("run", "agreed", "confined", "verdict"),
    [
        ("ask", False, True, "ask"),
        ("ask", True, True, "yes"),
        ("ask", True, False, "yes"),
        ("sandbox", False, True, "yes"),
        ("sandbox", False, False, "no"),
        ("sandbox", True, False, "no"),
        ("sandbox", True, True, "yes"),
        ("never", True, True, "no"),
    ],
)
def test_settings_decide(
    config: Config, repo: Path, run: str, agreed: bool, confined: bool, verdict: str
) -> None:
    config = replace(config, answers=replace(config.answers, run=run))
    request = RunRequest(str(repo), ("python",), confined)
    assert may_run(config, request, is_agreed=agreed)[0] == verdict


@pytest.mark.parametrize("run", ["ask", "sandbox"])
def test_nothing_runs_where_the_rules_of_the_repository_are_not_accepted(
    config: Config, repo: Path, run: str
) -> None:
    (repo / ".assist.toml").write_text("[egress]\ndeny = ['infra/**']\n")
    config = replace(config, answers=replace(config.answers, run=run))
    verdict, why = may_run(config, RunRequest(str(repo), ("python",), True), is_agreed=True)
    assert verdict == "no"
    assert "assist config trust" in why


def test_the_user_is_asked_once_and_again_without_a_sandbox(config: Config, repo: Path) -> None:
    confined = RunRequest(str(repo), ("python",), True)
    plain = replace(confined, confined=False)
    remember_agreed(config, confined)
    assert [may_run(config, request, is_agreed=False)[0] for request in (confined, plain)] == ["yes", "ask"]
    remember_agreed(config, plain)
    assert [may_run(config, request, is_agreed=False)[0] for request in (confined, plain)] == ["yes", "yes"]
    other = replace(confined, root=f"{repo}-other")
    assert may_run(config, other, is_agreed=False)[0] == "ask"


def test_the_question_says_whether_anything_confines_the_code(repo: Path) -> None:
    confined, plain = (
        " ".join(consent_lines(RunRequest(str(repo), ("pytest",), how))) for how in (True, False)
    )
    assert "no network" in confined
    assert "with your permissions and network access" in plain
    both = consent_lines(
        RunRequest(str(repo), ("pytest",), True, "check it", (f"{repo}/.venv/bin/mypy", "a.py"))
    )
    assert both[1:3] == ["  pytest", "  .venv/bin/mypy a.py"]
