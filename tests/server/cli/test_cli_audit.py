"""`assist audit` on real logs, through the command line."""

import json
import stat
from pathlib import Path

import pytest
from command_runs import Assist
from recording import configure, files, pay, record_request

from assist_server.cli.app import invoke

Home = dict[str, str]


def test_verify_says_what_holds_and_what_that_cannot_prove(
    assist: Assist, home: Home, tmp_path: Path
) -> None:
    for request, micro in (("r1", 5_400), ("r2", None)):
        pay(home, tmp_path, request, micro)
        record_request(home, tmp_path, request, ends=micro is not None)
    done = assist("audit", "verify")
    assert done.code == 0
    assert "audit.jsonl is intact." in done.out
    assert "Lines 1 to 3 are one chain" in done.out
    assert "1 request is without an outcome, interrupted or in progress: r2." in done.out
    assert "The ledger and the log have the same requests; 1 of them were paid." in done.out
    assert done.out.count("Limit: ") == 2
    found = assist("audit", "verify", "--json").json
    assert (found["ok"], found["events"], found["orphans"]) == (True, 3, ["r2"])


def test_verify_is_exit_1_where_the_log_was_changed(assist: Assist, home: Home, tmp_path: Path) -> None:
    record_request(home, tmp_path, "r1")
    audit = files(home).audit
    audit.write_bytes(audit.read_bytes().replace(b"big-0801", b"big-0802"))
    done = assist("audit", "verify")
    assert done.code == 1
    assert "NOT INTACT" in done.out
    assert "Line 2 was changed" in done.out
    assert assist("audit", "verify", "--json").json["line"] == 2


def test_verify_uses_the_key_and_the_second_place_of_the_settings(
    assist: Assist, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = tmp_path / "second"
    configure(tmp_path, f'[audit]\nkey_env = "AUDIT_KEY"\ncheckpoint = "{second}"\n')
    pay(home, tmp_path, "r1", 5_400)
    record_request(home, tmp_path, "r1", key=b"k" * 32, checkpoint=second)
    assert "AUDIT_KEY, which audit_key_env names, is not set" in assist("audit", "verify").err
    monkeypatch.setenv("AUDIT_KEY", "k" * 32)
    done = assist("audit", "verify")
    assert done.code == 0
    assert "written with the key in AUDIT_KEY" in done.out
    assert f"The log ends at the line recorded in {second}" in done.out
    monkeypatch.setenv("AUDIT_KEY", "x" * 32)
    assert assist("audit", "verify").code == 1
    assert "x" * 32 not in done.out + done.err


def test_a_cut_end_is_found_by_what_was_paid(assist: Assist, home: Home, tmp_path: Path) -> None:
    for request in ("r1", "r2"):
        pay(home, tmp_path, request, 5_400)
        record_request(home, tmp_path, request)
    audit = files(home).audit
    audit.write_bytes(b"".join(audit.read_bytes().splitlines(keepends=True)[:2]))
    done = assist("audit", "verify")
    assert done.code == 1
    assert "1 of 2 requests that were paid have no intent in the log; the first is r2" in done.out
    ledger = assist("audit", "verify", "--json").json["ledger"]
    assert (ledger["unlogged"], ledger["first_unlogged"]) == (1, "r2")


def test_a_lost_checkpoint_is_begun_again_by_a_person(assist: Assist, home: Home, tmp_path: Path) -> None:
    second = tmp_path / "second"
    configure(tmp_path, f'[audit]\ncheckpoint = "{second}"\n')
    pay(home, tmp_path, "r1", 5_400)
    record_request(home, tmp_path, "r1", checkpoint=second)
    assert f"{second} is the checkpoint of the log." in assist("audit", "checkpoint").out
    second.unlink()
    assert assist("audit", "checkpoint").code == 1
    assert assist("audit", "checkpoint", "--restart").code == 2  # there is no one to ask
    done = assist("audit", "checkpoint", "--restart", "--yes")
    assert (done.code, done.out) == (0, f"{second} was restarted; line 3 of the log records it.\n")
    assert "does not exist" in done.err
    verified = assist("audit", "verify")
    assert verified.code == 0
    assert "In line 3 the checkpoint was restarted" in verified.out


def test_show_tells_people_what_left_in_80_columns(assist: Assist, home: Home, tmp_path: Path) -> None:
    record_request(home, Path("/shop"), "r1", path="src/\x1b[31mapp.py")
    record_request(home, Path("/cart"), "r2")
    done = assist("audit", "show", "--request", "r1")
    told = " ".join(done.out.split())
    assert "intent r1 explain by ann in /shop; to openai (models.example, big)" in told
    assert "up to 1,200 tokens and $0.0120; because hard; files: src/app.py:1-9" in told
    assert "redacted: 1 password" in told
    assert "outcome r1 stop; big-0801; $0.0054, 1,500 ms; 900 + 80 tokens" in told
    assert "r2" not in done.out
    assert "\x1b" not in done.out
    assert max(map(len, done.out.splitlines())) <= 80


def test_show_of_a_request_has_all_that_was_kept_of_it(assist: Assist, home: Home) -> None:
    outline = {"path": "big.py", "first": 28, "last": 676, "source": "file", "outline": True}
    spans = [
        {"path": "", "source": "assist"},
        {"path": "src/app.py", "first": 1, "last": 9, "source": "file"},
        outline,
        {"path": "src/app.py", "source": "editor"},
        {"path": "", "source": "user"},
    ]
    text = "```src/app.py lines 1-9\npassword = __SECRET_PASSWORD_1a2b_1__\n\x1b[31m# x\n```"
    content = {"system": "Be brief.", "user": text}
    record_request(home, Path("/shop"), "r1", fields={"spans": spans, "content": content})
    record_request(home, Path("/shop"), "r2", fields={"spans": spans})
    lines = assist("audit", "show", "r1").out.splitlines()
    start = lines.index(f"  sha256 {'cd' * 32}")
    assert lines[start + 1 : -2] == [
        "    assist's instructions",
        "    src/app.py:1-9",
        "    outline of big.py:28-676",
        "    about src/app.py",
        "    the user's words",
        "# SYSTEM MESSAGE",
        "  Be brief.",
        "# USER MESSAGE",
        "  ```src/app.py lines 1-9",
        "* password = __SECRET_PASSWORD_1a2b_1__",
        "  <U+001B>[31m# x",
        "  ```",
    ]
    assert "outcome  r1" in lines[-2]
    other = assist("audit", "show", "r2").out
    assert "The text was not kept" in other
    assert "outline of big.py:28-676" in " ".join(assist("audit", "show", "--request", "r2").out.split())


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), ["intent r1", "outcome r1", "intent r2", "outcome r2"]),
        (("--kind", "outcome"), ["outcome r1", "outcome r2"]),
        (("--repo", "/cart"), ["intent r2", "outcome r2"]),
        (("--since", "2999-01-01"), []),
        (("--until", "2001-01-01T12:00:00"), []),
    ],
)
def test_show_filters(
    home: Home,
    arguments: tuple[str, ...],
    expected: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record_request(home, Path("/shop"), "r1")
    record_request(home, Path("/cart"), "r2")
    for name, value in home.items():
        monkeypatch.setenv(name, value)
    assert invoke(["audit", "show", *arguments, "--json"]) == 0
    events = json.loads(capsys.readouterr().out)["events"]
    assert [f"{event['kind']} {event['request_id']}" for event in events] == expected


def test_export_goes_to_stdout_or_into_a_file_of_its_owner(
    assist: Assist, home: Home, tmp_path: Path
) -> None:
    record_request(home, tmp_path, "r1")
    lines = assist("audit", "export").out.splitlines()
    assert [json.loads(line)["kind"] for line in lines] == ["intent", "outcome"]
    written = tmp_path / "copy.jsonl"
    done = assist("audit", "export", "--output", str(written))
    assert (done.out, done.err) == ("", f"Wrote 2 records to {written}.\n")
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert written.read_text().splitlines() == lines


def test_export_never_writes_over_the_log(assist: Assist, home: Home, tmp_path: Path) -> None:
    record_request(home, tmp_path, "r1")
    before = files(home).audit.read_bytes()
    done = assist("audit", "export", "--output", str(tmp_path / "config" / ".." / "data" / "audit.jsonl"))
    (tmp_path / "link").symlink_to(files(home).audit)
    linked = assist("audit", "export", "--output", "link")
    assert linked.code == 1
    assert "is the audit log itself" in linked.err
    assert done.code == 1
    assert files(home).audit.read_bytes() == before


def test_show_can_be_of_one_tool_of_the_gateway(assist: Assist, home: Home, tmp_path: Path) -> None:
    record_request(home, tmp_path, "r1")
    record_request(home, tmp_path, "r2", fields={"command": "tool:aider"})
    found = assist("audit", "show", "--tool", "aider", "--json").json["events"]
    assert [(event["request_id"], event["kind"]) for event in found] == [("r2", "intent"), ("r2", "outcome")]
    assert "No event matches." in assist("audit", "show", "--tool", "zed").err
