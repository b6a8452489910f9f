"""Code of a project of strangers runs after a person's yes at a terminal, in the sandbox, and never else."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from asked_shop import KEY, audit_events
from command_runs import run_at_terminal, runner
from hostile import DONE, chunk, head, usage
from trap_project import FIXED, NO_FIX, PATH, RIGHT, TESTS, UNASKED, needs_sandbox, trap_project
from vendor import provider, scripted_answer

pytestmark = [pytest.mark.slow, needs_sandbox()]
# By its line: the index, which knows the tests, is made for it in a workspace that has none yet.
FIX = ("fix", "prices.py:1", "10 comes out wrong", "--frontier", "--yes", "--json")


@pytest.fixture
def environ(home: dict[str, str]) -> dict[str, str]:
    return {**home, "ACME_KEY": KEY, "PATH": PATH}


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    with trap_project(tmp_path) as place:
        yield place


def agreed(tmp_path: Path) -> dict[str, str]:
    file = tmp_path / "data" / "agreed-runs.json"
    return dict(json.loads(file.read_text())["agreed"]) if file.exists() else {}


def test_nothing_runs_where_no_one_can_be_asked(tmp_path: Path, root: Path, environ: dict[str, str]) -> None:
    assist = runner(root, environ)
    with provider(tmp_path, *[scripted_answer(FIXED)] * 3):
        alone = assist(*FIX)
        named = assist(*FIX, "--test", "python -m pytest")
        (root / ".assist.toml").write_text(UNASKED)
        accepted = assist("config", "trust", "--yes")
        untrusted = assist(*FIX, "--run")
    assert "proof" not in alone.json or alone.json["proof"] == "none"
    assert named.json["proof"] == "none"
    assert "`--run` runs the code" in named.err
    assert accepted.code != 0, "a repository cannot say whether its code runs"
    assert ".assist.toml" in untrusted.err
    assert agreed(tmp_path) == {}


def outcomes(tmp_path: Path) -> list[int]:
    """What each answer cost, by the audit log, in millionths of a dollar."""
    return [event["cost_micro"] for event in audit_events(tmp_path) if event["kind"] == "outcome"]


def test_a_repair_is_paid_within_the_budget_and_written_down(
    tmp_path: Path, root: Path, environ: dict[str, str]
) -> None:
    assist = runner(root, environ)
    long = [head(), chunk(NO_FIX), chunk(finish="stop"), usage(120, 900), DONE]
    with provider(tmp_path, long, more="max_cost_usd_per_day = 0.02") as acme:
        short = assist(*FIX, "--run")
    assert len(acme.requests) == 1
    assert "There is no second answer" in short.err + "".join(short.json["notices"])
    assert (short.json["proof"], short.json["edit"]) == ("none", None)
    with provider(tmp_path, scripted_answer(NO_FIX), scripted_answer(FIXED)) as acme:
        done = assist(*FIX, "--run")
    assert "tests fail as before: tests/test_prices.py::test_ten" in acme.requests[1].body.decode()
    assert (done.json["proof"], done.json["checked"]["attempts"]) == ("tests", 2)
    assert outcomes(tmp_path) == [120 * 3 + 900 * 15, *[120 * 3 + 30 * 15] * 2]
    assert done.json["cost_usd"] == pytest.approx(sum(outcomes(tmp_path)[1:]) / 1e6)
    assert done.json["tokens"] == {"input": 240, "output": 60}
    *_, made = audit_events(tmp_path)
    assert (made["kind"], made["proof"]) == ("edit", "tests")


@pytest.mark.parametrize("typed", ["n", "y"])
def test_a_person_is_asked_with_the_command(
    tmp_path: Path, root: Path, environ: dict[str, str], typed: str
) -> None:
    words = [word for word in FIX if word != "--json"]
    with provider(tmp_path, scripted_answer(FIXED)):
        done = run_at_terminal(root, environ, [*words, "--test", "python -m pytest"], typed=f"{typed}\n")
    shown = " ".join(done.err.split())
    assert " python -m pytest " in shown
    assert " .venv/bin/pyright It runs on a copy, in a sandbox: no network" in shown
    assert agreed(tmp_path) == ({str(root): "sandbox"} if typed == "y" else {})
    if typed == "y":
        assert "Proof: tests. Tests pass: 1 before, 2 now." in shown
    assert (root / "tests" / "test_prices.py").read_text() == TESTS
    assert (root / "prices.py").read_text() == RIGHT


def test_what_a_call_should_give_is_told_to_the_provider_and_judges(
    tmp_path: Path, root: Path, environ: dict[str, str]
) -> None:
    assist = runner(root, environ)
    (root / "tests" / "test_prices.py").write_text(TESTS.partition("\n\n\ndef test_ten")[0] + "\n")
    expecting = ("fix", "prices.py:1", "--frontier", "--yes", "--json", "--run", "--expect")
    with provider(tmp_path, scripted_answer(FIXED)) as acme:
        wrong = assist(*expecting, "gross(10) should be 12")
        done = assist(*expecting, "gross(10) == 12")
    assert (wrong.code, len(acme.requests)) == (2, 1)
    assert "write it as in --expect \"gross('') == 0\"." in wrong.err
    assert "This should hold: gross(10) == 12" in acme.requests[0].body.decode()
    assert done.json["proof"] == "tests"
    assert done.json["checked"]["expected"] == {"call": "gross(10)", "today": "12.5", "wanted": "12"}
    assert sorted(done.json["edit"]["files"]) == ["prices.py", "tests/test_prices.py"]
