"""`assist commit` and `assist review` as a user runs them, with a provider on loopback."""

from pathlib import Path

import pytest
from asked_shop import KEY, audit_events
from command_runs import Assist, runner
from repositories import change, git, make_repository
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


def test_nothing_of_a_secret_file_leaves_under_another_name(
    assist: Assist, repo: Path, tmp_path: Path
) -> None:
    (repo / ".env").write_text("".join(f"GREETING_{number}=zebra-lantern-{number}\n" for number in range(9)))
    (repo / "infra").mkdir()
    (repo / "infra" / "main.tf").write_text("".join(f"inner = {number}\n" for number in range(9)))
    (repo / "infra" / "kept.tf").write_text("".join(f"inner_{number} = 1\n" for number in range(9)))
    (repo / "credentials.json").write_text("".join(f"a word of prose, {number}\n" for number in range(9)))
    git(repo, "add", "-f", "-A")
    git(repo, "commit", "-qm", "one")
    git(repo, "mv", ".env", "app.conf")
    git(repo, "mv", "infra/main.tf", "main.tf")
    (repo / "copy.tf").write_text((repo / "infra" / "kept.tf").read_text())
    (repo / "notes.txt").write_text((repo / "credentials.json").read_text())
    (repo / "cart.py").write_text("greet('zebra-lantern-4')\n")
    git(repo, "add", "-A")
    more = '[egress]\ndeny = ["infra/**"]\n'
    with provider(tmp_path, scripted_answer("Move the settings"), more=more) as acme:
        done = assist("commit", "--frontier", "--yes")
    assert (done.code, done.out) == (0, "Move the settings\n")
    assert "Left out: app.conf (denied: it was .env)" in done.err
    assert "Left out: notes.txt (denied: it has lines of credentials.json)" in done.err
    body = acme.requests[0].body.decode()
    assert "greet(" in body
    for text in ("zebra", "GREETING", "inner", "prose"):
        assert text not in body


def test_a_diff_is_cut_to_what_the_provider_reads(assist: Assist, repo: Path, tmp_path: Path) -> None:
    (repo / "big.py").write_text("".join(f"x{number} = {number}\n" for number in range(9_000)))
    git(repo, "add", "-A")
    with provider(tmp_path, scripted_answer("Fine.")):
        config = tmp_path / "config" / "config.toml"
        config.write_text(config.read_text() + "context_tokens = 8192\n")
        done = assist("review", "--frontier", "--yes")
    assert done.code == 0
    assert "Left out: big.py (only its first changes fit)" in done.err


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
    assert "Dropped remarks about lines that are not in the diff: 1." in done.err
    assert document["remarks"] == [{"path": "cart.py", "line": 5, "text": "fails for an empty list"}]
    assert document["dropped"] == 1


def test_a_review_says_what_was_turned_around_before_any_model(assist: Assist, repo: Path) -> None:
    (repo / "flags.py").write_text("def is_on(val):\n    return bool(val and val.lower() != 'no')\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "one")
    (repo / "flags.py").write_text("def is_on(val):\n    return bool(val or val.lower() != 'no')\n")
    done = assist("review", "--facts")
    assert (done.code, done.out) == (0, "flags.py:2: `and` became `or`\n")
    document = assist("review", "--facts", "--json").json
    assert [(fact["kind"], fact["line"]) for fact in document["facts"]] == [("operator", 2)]
    assert "Nothing is staged" in assist("commit", "--facts").err
    git(repo, "add", "-A")
    assert assist("commit", "--facts").out == "flags.py:2: `and` became `or`\n"


TURNED = """\
flags.py:2: `and` became `or`; it is true in different cases, or gives a different value
    - return bool(val and val.lower() != 'no')
    + return bool(val or val.lower() != 'no')
"""


def test_a_review_asks_no_local_model(assist: Assist, repo: Path) -> None:
    (repo / "flags.py").write_text("def is_on(val):\n    return bool(val and val.lower() != 'no')\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "one")
    (repo / "flags.py").write_text("def is_on(val):\n    return bool(val or val.lower() != 'no')\n")
    for options in ([], ["--local"]):
        done = assist("review", *options)
        assert (done.code, done.out) == (0, TURNED)
        said = " ".join(done.err.split())
        assert "No model was asked: remarks in words need a provider (0 of 20 remarks by a local" in said
        assert "--frontier asks the provider under [providers.NAME] in config.toml." in said
        assert assist("review", *options, "--json").json["remarks"] == []


def test_a_review_whose_provider_fails_is_its_facts(assist: Assist, repo: Path, tmp_path: Path) -> None:
    change(repo)
    configure_provider(tmp_path / "config", "http://127.0.0.1:9", more="threshold = 1.0")
    done = assist("review", "--yes")
    assert done.code == 0
    assert "There are no remarks." in done.err
    assert "No model was asked: no provider did, and remarks in words need a provider" in done.err


def test_a_review_has_its_facts_first(assist: Assist, repo: Path, tmp_path: Path) -> None:
    (repo / "flags.py").write_text("def is_on(val):\n    return bool(val and val.lower() != 'no')\n")
    git(repo, "add", "-A")
    git(repo, "commit", "-qm", "one")
    (repo / "flags.py").write_text("def is_on(val):\n    return bool(val or val.lower() != 'no')\n")
    said = "flags.py:2: `is_on` is not defined\nflags.py:2: it fails for None"
    with provider(tmp_path, scripted_answer(said)):
        done = assist("review", "--frontier", "--yes")
    assert done.out == f"{TURNED}flags.py:2: it fails for None\n"
    assert "Dropped remarks that report a defined name as undefined: 1." in done.err
