"""A probe of real rules: what is sent is searched for canaries, and nothing of the user's is written or used."""

import asyncio
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from command_runs import Assist
from two_providers import PROVIDERS

from assist_gateway.policy_tests.agent_requests import PLACES
from assist_gateway.policy_tests.cases import PolicyCase
from assist_gateway.policy_tests.probe import ProbeOptions, ProbeReport, ProbeRow, probe, rows_of
from assist_server.config.config import load_lenient
from assist_server.config.repository_file import repositories, trust

FEW = 5  # formats of secrets: all of them are probed by hand, and in docs/policy-tests.md
SERVER = """
[completion]
server = "team"
[servers.team]
kind = "llama.cpp"
base_url = "https://gpu.example"
model = "qwen2.5-coder-7b"
residency = ["internal", "restricted"]
"""
RULES = """
[egress]
deny = ["infra/**"]
[data_class]
"src/payments/**" = "restricted"
"""
TOOLS = """
[escalation]
mode = "auto"
[providers.claude]
base_url = "https://a.example/v1"
model = "big"
dialect = "messages"
residency = ["internal"]
price = { input_usd_per_mtok = 3.0, output_usd_per_mtok = 15.0 }
[providers.codex]
base_url = "https://b.example/v1"
model = "small"
dialect = "responses"
residency = ["internal"]
price = { input_usd_per_mtok = 3.0, output_usd_per_mtok = 15.0 }
"""
ORDINARY = "ordinary file"
OWN_KINDS = [
    "denied by a glob",
    "class that no provider has",
    ".assistignore",
    "ignored by git",
    "built-in list",
]


def probed(place: Path, text: str, *cases: PolicyCase, provider: str = "") -> ProbeReport:
    """The report about a repository whose settings are `text`."""
    (place / "config").mkdir()
    (place / "config" / "config.toml").write_text(text)
    repo = place / "repo"
    if not repo.exists():
        repo.mkdir()
        subprocess.run(["git", "init", "-q", str(repo)], check=True)
    environ = {
        "PATH": os.environ["PATH"],
        "ASSIST_CONFIG_DIR": str(place / "config"),
        "ASSIST_DATA_DIR": str(place / "data"),
        "REAL_KEY": "the-real-key-of-ann",
    }
    options = ProbeOptions(provider, cases, FEW)
    return asyncio.run(probe(load_lenient(environ, ()), os.path.realpath(repo), options, lambda _: None))


def by_kind(report: ProbeReport, receiver: str) -> Mapping[str, ProbeRow]:
    return {row.kind: row for row in rows_of(report) if row.receiver == receiver}


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ProbeReport]:
    """One probe for most tests: a provider, a server for ghost text, rules, and a case that is wrong."""
    place = tmp_path_factory.mktemp("usual")
    text = (
        PROVIDERS.partition("[providers.eu]")[0] + "[providers.us]" + PROVIDERS.partition("[providers.us]")[2]
    )
    text = text.replace('model = "big"', 'model = "big"\napi_key_env = "REAL_KEY"')
    wrong = PolicyCase(3, "kept", path="src/payment/**", provider="us")
    return place, probed(place, text + SERVER + RULES, wrong)


@pytest.mark.slow
def test_what_rules_keep_is_in_no_byte_and_what_may_leave_has_no_secret(
    usual: tuple[Path, ProbeReport],
) -> None:
    report = usual[1]
    for receiver, classes in (("us", "kept"), ("team", "redacted")):
        rows = by_kind(report, receiver)
        assert {rows[kind].may_leave for kind in OWN_KINDS} == {False}
        assert {outcome for kind in OWN_KINDS for outcome in rows[kind].outcomes.values()} == {"kept"}
        assert set(rows["denied: infra/**"].outcomes.values()) == {"kept"}
        assert rows["class restricted: src/payments/**"].outcomes["explain"] == classes
        ordinary = rows[ORDINARY].outcomes
        assert {
            ordinary[surface]
            for surface in ("ask", "explain", "fix", "test", "review", "commit", "gateway chat")
        } == {"redacted"}
    by_server = by_kind(report, "team")[ORDINARY].outcomes
    assert (by_server["ghost-text"], by_server["gateway completions"]) == ("redacted", "redacted")
    # On a busy machine ghost text is not sent where looking for secrets takes too long; some was.
    assert not [silent for silent in report.silent if silent.receiver != "team"]


@pytest.mark.slow
def test_a_file_that_a_case_keeps_and_no_rule_does_is_found(usual: tuple[Path, ProbeReport]) -> None:
    leaks = usual[1].leaks
    assert {leak.file.path for leak in leaks} == {"src/payment/canary.py"}
    assert {leak.receiver for leak in leaks} == {"us"}
    assert {leak.rule for leak in leaks} == {"case 3 expects it to be kept"}
    assert {leak.outcome for leak in leaks} == {"left"}


@pytest.mark.slow
def test_what_a_tool_sends_is_searched_in_each_dialect_and_place(tmp_path: Path) -> None:
    report = probed(tmp_path, TOOLS, PolicyCase(1, "kept", path="src/payment/**"))
    assert not report.silent
    found: dict[str, set[str]] = {}
    for leak in report.leaks:
        assert (leak.file.path, leak.outcome) == ("src/payment/canary.py", "left")
        found.setdefault(leak.surface, set()).add(leak.place)
    assert set(found) == {"gateway messages", "gateway responses"}
    assert found["gateway messages"] > set(PLACES)
    # Of JSON in a text with a key after a password, redaction may take every word: then no marker is left.
    assert found["gateway responses"] >= set(PLACES) - {"arguments of a call"}
    for places in found.values():
        assert not [place for place in places if "asked" in place]
    rows = by_kind(report, "claude") | by_kind(report, "codex")
    assert {outcome for kind in OWN_KINDS for outcome in rows[kind].outcomes.values()} == {"kept"}
    assert set(rows[ORDINARY].outcomes.values()) == {"redacted"}


@pytest.mark.slow
def test_nothing_of_the_users_is_written_and_nothing_stays(usual: tuple[Path, ProbeReport]) -> None:
    place = usual[0]
    assert not (place / "data").exists()
    assert sorted(os.listdir(place / "repo")) == [".git"]


@pytest.mark.slow
def test_the_rules_of_the_repository_hold_as_far_as_they_were_accepted(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    subprocess.run(["git", "init", "-q", str(repo)], check=True)
    (repo / ".assist.toml").write_text(
        "[escalation]\nalways_local = ['review']\n[egress]\ndeny = ['docs/']\n"
    )
    trust(repositories(repo, tmp_path / "data"), tmp_path / "data")
    rows = by_kind(probed(tmp_path, PROVIDERS, provider="us"), "us")
    assert set(rows["denied: docs/"].outcomes.values()) == {"kept"}
    assert rows[ORDINARY].outcomes["review"] == "kept"
    assert rows[ORDINARY].outcomes["explain"] == "redacted"


def test_where_a_file_is_not_accepted_nothing_is_sent(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / ".assist.toml").write_text("[egress]\ndeny = ['docs/']\n")
    report = probed(tmp_path, PROVIDERS, provider="us")
    assert report.requests == 0
    assert 'Nothing may leave this workspace: mode = "never".' in report.notes
    assert {outcome for row in rows_of(report) for outcome in row.outcomes.values()} == {"kept"}


def test_without_a_provider_the_report_says_so(tmp_path: Path, assist: Assist) -> None:
    done = assist("policy", "probe", "--workspace", str(tmp_path))
    assert done.code == 0
    assert "No provider may be used here." in done.err
    assert "No request was sent: the rules do not allow any." in done.out
    wrong = assist("policy", "probe", "--provider", "acme", "--workspace", str(tmp_path), "--json")
    assert wrong.code == 1
    assert "'acme' may not be used here: choose from none." in wrong.json["error"]


@pytest.mark.slow
def test_ci_sees_by_the_exit_code_that_something_left(tmp_path: Path, assist: Assist) -> None:
    repo = tmp_path / "repo"
    repo.mkdir()
    cases = repo / ".assist-policy-tests.toml"
    cases.write_text("[[case]]\npath = 'src/pay/**'\nexpect = 'kept'\n")
    alone = "[escalation]\nalways_local = ['ask', 'fix', 'test', 'refactor', 'review', 'commit']\n"
    config = tmp_path / "config"
    config.mkdir(exist_ok=True)
    text = alone + PROVIDERS.replace("[escalation]", "") + "[gateway]\nunattributed = false\n"
    (config / "config.toml").write_text(text)
    run = ("policy", "probe", "--provider", "us", "--workspace", str(repo))
    done = assist(*run)
    assert done.code == 4
    assert (
        "LEFT by explain: text of src/pay/canary.py to us, although case 1 expects it to be kept" in done.out
    )
    cases.write_text("[[case]]\npath = 'src/pay/**'\nexpekt = 'kept'\n")
    assert assist(*run).code == 1
    assert assist(*run, "--json=yes").code == 2
