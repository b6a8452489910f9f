"""What `doctor` says of egress: mode, keys, budget, records, trust and the model that answers."""

import json
from pathlib import Path
from typing import Any

import pytest
from command_runs import runner
from config_files import PROVIDER
from recording import configure, files, pay, record_request

from assist_installer.doctor.egress import egress_facts
from assist_installer.doctor.finding import DoctorFinding
from assist_server.config.config import load_lenient

Home = dict[str, str]
SECRET = "hunter2hunter2"


def examined(home: Home, folder: Path, **environ: str) -> tuple[dict[str, Any], list[DoctorFinding]]:
    findings: list[DoctorFinding] = []
    facts = egress_facts(load_lenient({**home, **environ}, ()), folder, findings)
    json.dumps(facts)  # the printed text contains it
    return facts, findings


def test_a_new_machine_has_nothing_to_find(home: Home, tmp_path: Path) -> None:
    facts, findings = examined(home, tmp_path)
    assert findings == []
    assert (facts["mode"], facts["trust"], facts["providers"]) == ("never", "none", [])
    assert facts["budget"] == {"left_today_usd": 2.0, "day_usd": 2.0, "request_usd": 0.05}
    assert facts["ledger"]["state"] == facts["audit"]["state"] == "not there yet"
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("key", "is_set"), [(SECRET, True), ("", False)])
def test_a_provider_is_told_with_whether_its_key_is_set(
    home: Home, tmp_path: Path, key: str, is_set: bool
) -> None:
    configure(tmp_path, PROVIDER + '[escalation]\nmode = "ask"\n')
    (tmp_path / "work").mkdir()
    facts, findings = examined(home, tmp_path / "work", OPENAI_API_KEY=key)
    [provider] = facts["providers"]
    assert provider["key_set"] is is_set
    assert (provider["host"], provider["key_env"]) == ("models.example", "OPENAI_API_KEY")
    assert SECRET not in f"{facts}{findings}"
    assert [finding.what for finding in findings] == (
        [] if is_set else ["The variable OPENAI_API_KEY is not set: openai cannot be asked"]
    )


def test_a_key_is_not_missed_where_nothing_may_leave(home: Home, tmp_path: Path) -> None:
    configure(tmp_path, PROVIDER)
    assert examined(home, tmp_path)[1] == []


def test_records_in_order_are_counted(home: Home, tmp_path: Path) -> None:
    pay(home, tmp_path, "r1", 500_000)
    pay(home, tmp_path, "r2", None)
    record_request(home, tmp_path, "r1")
    record_request(home, tmp_path, "r2", ends=False)
    facts, findings = examined(home, tmp_path)
    assert facts["budget"]["left_today_usd"] == 1.4
    assert (facts["ledger"]["state"], facts["ledger"]["unsettled"]) == ("in order", 1)
    assert (facts["audit"]["state"], facts["audit"]["events"], facts["audit"]["orphans"]) == (
        "in order",
        3,
        1,
    )
    [finding] = findings
    assert "assist cost" in finding.remedy


def test_damaged_records_are_found_and_block_no_completion(home: Home, tmp_path: Path) -> None:
    record_request(home, tmp_path, "r1")
    files(home).audit.write_text("damaged\n")
    files(home).ledger.write_text("damaged")
    facts, findings = examined(home, tmp_path)
    assert facts["ledger"]["state"] == facts["audit"]["state"] == "damaged"
    assert facts["budget"]["left_today_usd"] is None
    assert len(findings) == 2
    assert not any(finding.blocks for finding in findings)


def test_a_key_of_the_log_that_is_not_set_is_found(home: Home, tmp_path: Path) -> None:
    configure(tmp_path, '[audit]\nkey_env = "AUDIT_KEY"\n')
    assert "AUDIT_KEY" in examined(home, tmp_path)[1][0].what
    assert examined(home, tmp_path, AUDIT_KEY=SECRET)[1] == []


def test_a_repository_that_was_not_accepted_is_found(home: Home, tmp_path: Path) -> None:
    configure(tmp_path, PROVIDER + '[escalation]\nmode = "ask"\n')
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / ".assist.toml").write_text('[egress]\ndeny = ["infra/**"]\n')
    facts, findings = examined(home, tmp_path / "work", OPENAI_API_KEY=SECRET)
    assert (facts["mode"], facts["trust"]) == ("never", "new")
    [finding] = findings
    assert "assist config trust" in finding.remedy


def test_settings_in_the_workspace_are_found(home: Home, tmp_path: Path) -> None:
    configure(tmp_path, PROVIDER + '[escalation]\nmode = "ask"\n')
    facts, findings = examined(home, tmp_path, OPENAI_API_KEY=SECRET)
    assert facts["mode"] == "never"
    assert [each.remedy.split(" to ")[0] for each in findings] == [
        "Set ASSIST_CONFIG_DIR",
        "Set ASSIST_DATA_DIR",
    ]


def test_an_answering_model_of_its_own_that_is_missing_is_found(home: Home, tmp_path: Path) -> None:
    configure(tmp_path, '[answers]\nmodel = "qwen2.5-coder-1.5b"\n')
    facts, findings = examined(home, tmp_path)
    assert facts["model"] == {"name": "qwen2.5-coder-1.5b", "usable": False}
    [finding] = findings
    assert "assist models pull qwen2.5-coder-1.5b" in finding.what


def test_people_are_told_the_same(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    assist = runner(tmp_path / "work", home)
    configure(tmp_path, PROVIDER + '[escalation]\nmode = "ask"\n')
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    pay(home, tmp_path / "work", "r1", 500_000)
    record_request(home, tmp_path / "work", "r1")
    told = " ".join(assist("doctor").out.split())
    assert "Egress mode ask; repository's files: none; $1.50 of $2.00 are left today" in told
    assert "openai: big at models.example, key in OPENAI_API_KEY set" in told
    assert "audit.jsonl (in order, 2 events)" in told
    assert "to fetch a model, and to the providers above" in told
    assert SECRET not in told
