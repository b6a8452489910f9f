"""`assist config` and `assist stats` without a model."""

import tomllib
from collections import Counter
from pathlib import Path

import pytest
from command_runs import Assist
from config_files import PROVIDER
from recording import configure

from assist_evaluation.usage.usage_rows import record_session


def test_config_show_marks_what_is_not_the_default(assist: Assist, tmp_path: Path) -> None:
    configure(
        tmp_path, '[completion]\nmode = "quiet"\n[providers.a]\nbase_url = "https://a.example"\nmodel = "m"\n'
    )
    done = assist("config", "show")
    assert done.code == 0
    assert 'mode = "quiet"  # default: "balanced"' in done.out
    assert "max_lines = 12\n" in done.out
    document = assist("config", "show", "--json").json
    assert document["settings"]["completion"]["mode"] == "quiet"
    assert document["settings"]["escalation"]["providers"]["a"]["model"] == "m"
    assert document["file"] == str(tmp_path / "config" / "config.toml")
    assert document["offline"] is False


def test_config_check_is_exit_1_for_a_problem(assist: Assist, tmp_path: Path) -> None:
    assert assist("config", "check").code == 0
    configure(tmp_path, '[completion]\nmode = "loud"\n')
    done = assist("config", "check", "--json")
    assert done.code == 1
    assert done.json["ok"] is False
    assert done.json["problems"][0]["key"] == "completion.mode"
    assert "loud" in assist("config", "check").out


def test_config_show_tells_what_may_leave_and_who_says_so(assist: Assist, tmp_path: Path) -> None:
    configure(tmp_path, PROVIDER + '[escalation]\nmode = "auto"\n')
    (tmp_path / "config" / "policy.toml").write_text("[escalation]\nmax_cost_usd_per_request = 0.02\n")
    work = tmp_path / "work"
    work.mkdir()
    (work / ".assist.toml").write_text('[egress]\ndeny = ["infra/**"]\n')
    done = assist("config", "show", "--workspace", str(work))
    assert done.code == 0
    assert f'mode = "never"\n  # {work}/.assist.toml, not accepted\n' in done.out
    assert f"max_cost_usd_per_request = 0.02\n  # {tmp_path}/config/policy.toml\n" in done.out
    assert f'[egress]\ndeny = ["infra/**"]\n  # {work}/.assist.toml\n' in done.out
    assert 'providers = ["openai"]\n# "openai" may see "public", "internal"\n' in done.out
    assert "is new: nothing leaves from there" in done.err
    document = assist("config", "show", "--workspace", str(work), "--json").json
    assert document["permissions"]["mode"] == "never"
    assert document["sources"]["request_micro"] == [f"{tmp_path}/config/policy.toml"]
    assert document["repository_files"] == [{"path": f"{work}/.assist.toml", "state": "new"}]
    assert "config is in the workspace" in assist("config", "check").out  # which is around it


SETTINGS = """\
[escalation]
mode = "ask"
max_cost_usd_per_request = 0.05
max_cost_usd_per_day = 1.5
always_local = ["test"]
providers = ["openai"]
default_class = "public"
[egress]
deny = ["infra/**", 'a "b"/\U0001f600']
[data_class]
"src/pay/**" = "restricted"
[audit]
content = "redacted"
[redaction]
patterns = ['acme-\\d{4}']
"""


def test_what_config_show_prints_can_be_pasted_back(assist: Assist, tmp_path: Path) -> None:
    configure(tmp_path, PROVIDER + SETTINGS)
    before = assist("config", "show", "--json").json
    own, _, effective = assist("config", "show").out.partition("# what may leave from ")
    configure(tmp_path, own)
    assert assist("config", "show", "--json").json == before
    pasted = tomllib.loads(effective.partition("\n")[2])
    configure(tmp_path, PROVIDER + effective.partition("\n")[2])
    again = assist("config", "show", "--json").json
    assert again["permissions"] == before["permissions"]
    assert (pasted["escalation"]["max_cost_usd_per_request"], pasted["audit"]["content"]) == (
        0.05,
        "redacted",
    )


def test_config_trust_shows_what_it_accepts(assist: Assist, tmp_path: Path) -> None:
    configure(tmp_path, PROVIDER + '[escalation]\nmode = "auto"\n')
    shop = tmp_path / "shop"
    shop.mkdir()
    where = ("--workspace", str(shop))
    assert f"There is nothing to accept in {shop}." in assist("config", "trust", *where).out
    (shop / ".assist.toml").write_text('[egress]\ndeny = ["infra/**", "docs/**"]\n')
    assert assist("config", "check", *where).code == 1
    asked = assist("config", "trust", *where)
    assert asked.code == 2
    assert "add --yes" in asked.err
    done = assist("config", "trust", *where, "--yes")
    assert done.out.splitlines()[1:] == [
        '  [egress] deny "infra/**"',
        '  [egress] deny "docs/**"',
        "Accepted.",
    ]
    assert assist("config", "check", *where).code == 0
    (shop / ".assist.toml").write_text('[escalation]\nmode = "ask"\n[egress]\ndeny = ["docs/**"]\n')
    says = assist("config", "trust", *where, "--yes", "--json").json["accepted"][0]["says"]
    assert says[1:] == ['- [egress] deny "infra/**"', '+ [escalation] mode = "ask"']
    (shop / ".assist.toml").write_text("[providers]\nx = 5\n")
    refused = assist("config", "trust", *where, "--yes")
    assert refused.code == 1
    assert "Nothing was accepted" in refused.err


def test_config_show_prints_no_secret(
    assist: Assist, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path, PROVIDER)
    for name in ("OPENAI_API_KEY", "OTHER_TOKEN"):
        monkeypatch.setenv(name, "hunter2hunter2")
    for arguments in (("config", "show"), ("config", "show", "--json"), ("config", "check", "--json")):
        done = assist(*arguments)
        assert "hunter2" not in done.out + done.err


def test_stats_are_empty_at_first(assist: Assist) -> None:
    assert "No ghost text has been counted yet" in assist("stats").out
    assert assist("stats", "--json").json["requests"] == 0


def test_stats_tell_shares_and_reasons(assist: Assist, tmp_path: Path) -> None:
    counts = {"requests": 10, "shown": 6, "source-cache": 2, "source-typed-through": 3, "low-confidence": 4}
    record_session(tmp_path / "data", Counter(counts))
    done = assist("stats")
    assert "6 (60%)" in done.out
    assert "5 (50%) were served without inference" in done.out
    assert "4 × not confident enough" in done.out
    assert assist("stats", "--json").json["served_without_inference"] == 0.5
