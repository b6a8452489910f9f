"""`assist commit` and `assist review` as a user runs them, with a provider on loopback."""

from pathlib import Path

import pytest
from asked_shop import KEY, audit_events
from conftest import Assist, runner
from repositories import change, make_repository
from vendor import configure_provider, provider, scripted_answer


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repo")


@pytest.fixture
def assist(repo: Path, home: dict[str, str]) -> Assist:
    return runner(repo, {**home, "ACME_KEY": KEY})


def test_nothing_staged_is_told(assist: Assist) -> None:
    assert "Nothing is staged: `git add`" in assist("commit").err
    assert "Nothing changed since the last commit" in assist("review").err


def test_a_message_is_printed_and_what_left_is_in_the_audit_log(
    assist: Assist, repo: Path, tmp_path: Path
) -> None:
    change(repo)
    with provider(tmp_path, scripted_answer("```\nDivide by the count\n```")) as acme:
        done = assist("commit", "--frontier", "--yes")
    assert (done.code, done.out) == (0, "Divide by the count\n")
    assert "Left out: .env (denied)" in done.err
    body = acme.requests[0].body.decode()
    assert "sum(prices) / len(prices)" in body
    assert "hunter2" not in body
    intent, _ = audit_events(tmp_path)
    assert intent["command"] == "commit"
    assert {"cart.py", "old.py"} <= {span["path"] for span in intent["spans"]}


def test_the_text_that_would_be_sent_is_shown(assist: Assist, repo: Path, tmp_path: Path) -> None:
    change(repo)
    configure_provider(tmp_path / "config", "http://127.0.0.1:9")
    for command in ("commit", "review"):
        shown = assist(command, "--frontier", "--dry-run", "--show-text").out
        assert "# USER MESSAGE\n" in shown
        assert "sum(prices) / len(prices)" in shown
        assert "hunter2" not in shown
        route = assist(command, "--frontier", "--dry-run", "--show-text", "--json").json
        assert "sum(prices) / len(prices)" in route["text"]


def test_a_message_is_local_unless_a_provider_is_asked_for(
    assist: Assist, repo: Path, tmp_path: Path
) -> None:
    change(repo)
    with provider(tmp_path) as acme:
        route = assist("commit", "--dry-run", "--json").json
    assert route["cause"] != "asked_frontier"
    assert route["target"] != "frontier"
    assert acme.connections == 0


def test_remarks_have_a_place_in_the_diff(assist: Assist, repo: Path, tmp_path: Path) -> None:
    change(repo)
    text = "- `cart.py:5`: fails for an empty list\n- cart.py:77: no such line\n"
    with provider(tmp_path, scripted_answer(text), scripted_answer(text)):
        done = assist("review", "--frontier", "--yes")
        document = assist("review", "HEAD", "--frontier", "--yes", "--json").json
    assert done.out == "cart.py:5: fails for an empty list\n"
    assert "Dropped 1 about lines that are not in the diff." in done.err
    assert document["remarks"] == [{"path": "cart.py", "line": 5, "text": "fails for an empty list"}]
    assert document["dropped"] == 1
