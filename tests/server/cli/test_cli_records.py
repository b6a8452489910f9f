"""`undo` and `cost` on real records, through the command line; and all commands without any records."""

from pathlib import Path

import pytest
from command_runs import Assist, run_at_terminal, runner
from config_files import PROVIDER
from recording import configure, files, pay, record_edit, record_feedback

from assist_escalation.audit.log import AuditLog
from assist_escalation.budget.ledger import BudgetError
from assist_escalation.edits.plan import EditError
from assist_escalation.errors import EscalationError
from assist_escalation.routing import feedback
from assist_server.cli.app import invoke
from assist_server.config.config import load_lenient
from assist_server.errors import details, exit_code
from assist_server.records.edit_history import next_undo, take_back

Home = dict[str, str]


def test_a_refusal_is_exit_3_and_json_has_its_cause(assist: Assist, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("a = 1\n")
    done = assist("explain", "app.py", "--frontier", "--json")
    assert done.code == 3, done.err
    assert done.json["cause"]
    assert done.err == f"assist: {done.json['error']}\n"
    budget = BudgetError("nothing is left today")
    assert (exit_code(budget), details(budget)) == (3, {"cause": "budget"})
    failed = EscalationError("the ledger is damaged")
    assert (exit_code(failed), details(failed)) == (1, {})


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (("cost",), "Nothing was sent yet."),
        (("cost", "--since", "2026-01-31"), "Nothing was sent since then."),
        (("cost", "reconcile"), "There is nothing to settle."),
        (("audit", "verify"), "nothing was recorded yet"),
        (("audit", "show"), "Nothing has been recorded yet."),
        (("audit", "export"), ""),
        (("calibrate",), "Too few to calibrate: 20 are needed."),
        (("stats",), "No ghost text has been counted yet"),
    ],
)
def test_a_machine_without_records_is_no_error_and_gets_no_files(
    home: Home,
    tmp_path: Path,
    command: tuple[str, ...],
    says: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in home.items():
        monkeypatch.setenv(name, value)
    assert invoke(list(command)) == 0
    assert says in "".join(capsys.readouterr())
    assert not (tmp_path / "data").exists()


# undo


def test_undo_shows_what_it_takes_back_and_remembers_it(assist: Assist, home: Home, tmp_path: Path) -> None:
    edit = record_edit(home, tmp_path, "a = 1\n", "a = 2\n")
    record_feedback(home, "r1", "routed", "accepted")
    AuditLog(files(home).audit).append(
        "edit", {"edit_id": edit, "repo": str(tmp_path), "paths": ["app.py"], "request_id": "r1"}
    )
    record_feedback(home, "r2", "routed")
    done = assist("undo", "--yes")
    assert done.code == 0, done.err
    assert "-a = 2\n+a = 1\n" in done.out
    assert "Undone in app.py.\n" in done.out
    assert (tmp_path / "app.py").read_text() == "a = 1\n"
    assert [event["kind"] for event in assist("audit", "show", "--json").json["events"]] == ["edit", "undo"]
    last = list(feedback.events(files(home).feedback))[-1]
    assert (last.event, last.request_id) == ("undone", "r1")
    again = assist("undo", "--yes")
    assert (again.code, again.err) == (1, f"assist: there is no edit to undo in {tmp_path}\n")


def test_undo_without_yes_needs_somebody_to_ask(assist: Assist, home: Home, tmp_path: Path) -> None:
    record_edit(home, tmp_path, "a = 1\n", "a = 2\n")
    done = assist("undo", "--json")
    assert done.code == 2
    assert "add --yes" in done.json["error"]
    assert (tmp_path / "app.py").read_text() == "a = 2\n"
    assert run_at_terminal(tmp_path, home, ["undo"], "n\n").code == 1
    assert (tmp_path / "app.py").read_text() == "a = 2\n"
    done = run_at_terminal(tmp_path, home, ["undo", "--json"], "n\n")
    assert done.code == 1
    assert "+a = 1" in done.err[done.err.index("diff --git") :]
    done = run_at_terminal(tmp_path, home, ["undo"], "y\n")
    assert done.code == 0
    assert "Undo this edit?" in done.err
    assert (tmp_path / "app.py").read_text() == "a = 1\n"


def test_undo_as_json_from_another_folder(assist: Assist, home: Home, tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    record_edit(home, shop, "a = 1\n", "a = 2\n")
    assert assist("undo", "--yes").code == 1  # the journal belongs to the other workspace
    done = assist("undo", "--workspace", "shop", "--yes", "--json")
    assert done.json["undone"] == ["app.py"]
    assert done.json["workspace"] == str(shop)
    assert "+a = 1" in done.json["diff"]
    assert not (files(home).feedback).exists()  # the request is unknown


def test_undo_takes_back_only_what_was_shown(home: Home, tmp_path: Path) -> None:
    record_edit(home, tmp_path, "a = 1\n", "a = 2\n")
    config = load_lenient(home, ())
    root = str(tmp_path.resolve())
    shown = next_undo(config, root)
    record_edit(home, tmp_path, "a = 2\n", "a = 3\n")
    with pytest.raises(EditError, match="another edit was made meanwhile"):
        take_back(config, root, shown.edit)
    assert (tmp_path / "app.py").read_text() == "a = 3\n"


def test_an_undo_that_cannot_be_logged_says_so(assist: Assist, home: Home, tmp_path: Path) -> None:
    record_edit(home, tmp_path, "a = 1\n", "a = 2\n")
    files(home).audit.write_text("damaged\n")
    done = assist("undo", "--yes")
    assert done.code == 1
    assert "The edit of app.py was undone, but it was not recorded in the audit log" in done.err
    assert (tmp_path / "app.py").read_text() == "a = 1\n"


# cost


def test_cost_sums_by_what_is_asked_and_says_what_is_left(home: Home, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    assist = runner(work, home)
    configure(tmp_path, PROVIDER + '[escalation]\nmode = "ask"\nmax_cost_usd_per_day = 1.0\n')
    pay(home, work, "r0", 20_000, clock=lambda: 1_700_000_000.0, command="ask")
    pay(home, work, "r1", 5_400)
    pay(home, work, "r2", 4_600, model="small", estimated=True)
    done = assist("cost", "--by", "model")
    assert done.code == 0
    assert [line.split() for line in done.out.splitlines()[:4]] == [
        ["Model", "Requests", "Dollars", "Tokens", "in", "Out", "Estimated"],
        ["big", "2", "$0.0254", "1,800", "160", "0"],
        ["small", "1", "$0.0046", "900", "80", "1"],
        ["all", "3", "$0.0300", "2,700", "240", "1"],
    ]
    assert "$0.9900 of $1.00 is left today (UTC) for this workspace.\n" in done.out
    assert "2023-11-14" in assist("cost").out
    found = assist("cost", "--by", "command", "--since", "2024-01-31", "--json").json
    assert found["rows"] == [
        {
            "key": "explain",
            "requests": 2,
            "usd": 0.01,
            "input_tokens": 1800,
            "output_tokens": 160,
            "estimated": 1,
        }
    ]
    assert (found["left_today_usd"], found["mode"], found["unsettled"]) == (0.99, "ask", [])


def test_cost_by_tool_sums_what_each_tool_of_the_gateway_asked(
    assist: Assist, home: Home, tmp_path: Path
) -> None:
    for request, command in (("r1", "tool:aider"), ("r2", "tool:aider"), ("r3", "ask")):
        pay(home, tmp_path, request, 5_400, command=command)
    rows = assist("cost", "--by", "tool", "--json").json["rows"]
    assert [(row["key"], row["requests"]) for row in rows] == [("aider", 2), ("assist", 1)]


def test_cost_by_repo_shows_long_paths_whole_in_80_columns(
    assist: Assist, home: Home, tmp_path: Path
) -> None:
    deep = tmp_path / ("shop" * 20) / ("cart" * 10)
    pay(home, deep, "r1", 5_400)
    done = assist("cost", "--by", "repo")
    table = done.out.splitlines()[:-1]
    assert str(deep) in "".join(line[line.rfind(" ") + 1 :] for line in table)
    assert max(map(len, table)) <= 80


def test_what_a_crash_left_is_shown_and_reconciled(assist: Assist, home: Home, tmp_path: Path) -> None:
    pay(home, tmp_path, "r1", None)
    done = assist("cost")
    assert "1 request is not settled" in done.out
    assert "$0.1000  r1  explain, openai" in done.out
    assert "assist cost reconcile" in done.out
    assert assist("cost", "reconcile").code == 2
    settled = assist("cost", "reconcile", "--yes", "--json").json
    assert settled["settled"] == 1
    assert settled["requests"][0]["reserved_usd"] == 0.1
    assert assist("cost", "--json").json["unsettled"] == []
    assert assist("cost", "--json").json["rows"][0]["usd"] == 0.1


def test_a_damaged_ledger_is_told(assist: Assist, home: Home, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    files(home).ledger.write_text("no database")
    done = assist("cost", "--json")
    assert done.code == 1
    assert "ledger.sqlite" in done.json["error"]
