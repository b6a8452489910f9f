"""`assist stats --by`, `stats export` and `report`, as a user runs them."""

import json
import stat
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from command_runs import Assist
from recording import files, pay, record_feedback, record_request

from assist_escalation.routing import feedback
from assist_evaluation.usage.usage_rows import UsageKey, record, record_session
from assist_server.workspace.folders import make_key

Home = dict[str, str]

TODAY = datetime.now(UTC).date().isoformat()
SMALL = Counter(
    {"requests": 900, "shown": 600, "accepted": 90, "kept-30s": 60, "gone-30s": 30, "ms<=50": 900}
)
BIG = Counter({"requests": 700, "shown": 500, "accepted": 30, "kept-30s": 20, "gone-30s": 10, "ms<=250": 700})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Counts of two models in a repository that is known and one that is not."""
    data = tmp_path / "data"
    shop = make_key(str(tmp_path.resolve()))
    record(
        data,
        {UsageKey(TODAY, shop, "small", "python"): SMALL, UsageKey("2026-01-31", "f" * 16, "big", "go"): BIG},
    )
    record_session(data, Counter({"requests": 1600, "shown": 1100}))
    return data


def test_tables_have_a_row_for_each_key(assist: Assist, home: Home, data: Path, tmp_path: Path) -> None:
    record_feedback(home, "r1", "routed", "accepted", "up")
    record_feedback(home, "r2", "routed", "escalated_after", command="ask")
    told = assist("stats", "--by", "model").out
    rows = [line.split() for line in told.splitlines()]
    assert ["small", "900", "600", "90", "60", "(10%)", "50", "50"] in rows
    assert ["big", "700", "500", "30", "20", "(4.0%)", "250", "250"] in rows
    assert "small is kept more often than big by 6.0 points" in told.replace("\n", " ")
    assert ["unknown", "2", "1", "0", "1", "0"] in rows
    rows = [line.split() for line in assist("stats", "--by", "command").out.splitlines()]
    assert ["complete", "1,600", "1,100", "120", "80", "(7.3%)", "50", "250"] in rows
    assert ["fix", "1", "1", "0", "1", "0"] in rows
    by_repo = assist("stats", "--by", "repo").out
    assert tmp_path.name in by_repo
    assert "f" * 16 in by_repo
    since = assist("stats", "--since", "2026-02-01").out
    assert TODAY in since
    assert "2026-01-31" not in since


def test_the_totals_stay_and_two_models_are_compared(assist: Assist, home: Home, data: Path) -> None:
    told = " ".join(assist("stats").out.split())
    assert "1,600; 0 more were cancelled" in told
    assert (
        "The two models with the most suggestions, compared by what was kept after 30 s: small 60 of 600 shown"
        in told
    )
    assert "The totals count each part of a suggestion that was accepted" in told
    found = assist("stats", "--json", "--by", "language").json
    assert found["requests"] == 1600
    assert found["comparison"]["verdict"] == "better"
    assert [each["language"] for each in found["rows"]["ghost_text"]] == ["python", "go"]
    assert found["rows"]["ghost_text"][0]["p95_ms"] == 50.0
    assert "rows" not in assist("stats", "--json").json
    told = " ".join(assist("stats", "--by", "model").out.split())
    assert (
        "The two models with the most suggestions, compared by what was kept after 30 s: small 60 of 600 shown"
        in told
    )


def test_next_edits_have_tables_of_their_own(assist: Assist, data: Path) -> None:
    made = {"next-offered": 8, "next-accepted": 6, "next-rejected": 1}
    rows = {
        UsageKey(TODAY, "", "next-edit:rename", "python"): Counter(made),
        UsageKey(TODAY, "", "next-edit:repeat", "go"): Counter({"next-offered": 2}),
    }
    record(data, rows)
    told = assist("stats", "--by", "model").out
    lines = [line.split() for line in told.splitlines()]
    assert ["rename", "8", "6", "(75%)", "1", "(12%)"] in lines
    assert ["repeat", "2", "0", "(0%)", "0", "(0%)"] in lines
    assert "next-edit:" not in told, "not among the models of ghost text"
    by_command = [line.split() for line in assist("stats", "--by", "command").out.splitlines()]
    assert ["next-edit", "10", "6", "(60%)", "1", "(10%)"] in by_command
    assert "10 offered, 6 (60%) accepted, 1 (10%) rejected" in " ".join(assist("stats").out.split())
    found = assist("stats", "--json", "--by", "language").json
    assert found["next_edits"] == {"offered": 10, "accepted": 6, "rejected": 1}
    assert found["rows"]["next_edits"][0] == {
        "language": "python",
        "offered": 8,
        "accepted": 6,
        "rejected": 1,
    }
    assert [each["language"] for each in found["rows"]["ghost_text"]] == ["python", "go"]
    assert "next-edit" not in json.dumps(assist("stats", "export").json)


@pytest.mark.parametrize("options", [("--since", TODAY), ("--send",), ("--json",), ("--by", "day")])
def test_options_of_the_group_are_refused_for_an_export(assist: Assist, options: tuple[str, ...]) -> None:
    done = assist("stats", *options, "export")
    assert done.code == 2
    assert "Options go after the command" in (done.json["error"] if "--json" in options else done.err)


def test_tables_say_since_when_questions_are_kept(assist: Assist, home: Home) -> None:
    record_feedback(home, "r1", "routed", "answered")
    path = files(home).feedback
    assert "are kept from" not in assist("stats", "--by", "command").out
    pad = json.dumps({"pad": "x" * 990}) + "\n"
    path.write_text(path.read_text() + pad * (feedback.MAX_BYTES // len(pad)))
    record_feedback(home, "r2", "routed", "answered")
    day = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()
    assert f"Questions are kept from {day} on" in assist("stats", "--by", "command").out
    assert assist("stats", "export").json["first"] == {"ghost_text": "", "questions": day, "left": ""}
    assert assist("stats", "--json").json["questions_kept_from"] == day


def test_exports_are_joined_to_a_page_of_a_team(
    assist: Assist, home: Home, data: Path, tmp_path: Path
) -> None:
    record_feedback(home, "r1", "routed", "accepted")
    record_request(home, tmp_path, "r1")
    team = tmp_path / "team"
    team.mkdir()
    done = assist("stats", "export", "--name", "heron", "--output", "team/1.json")
    assert done.code == 0
    assert stat.S_IMODE((team / "1.json").stat().st_mode) == 0o600
    text = (team / "1.json").read_text()
    assert not [
        word
        for word in (str(tmp_path), "f" * 16, "app.py", "ann", make_key(str(tmp_path.resolve())))
        if word in text
    ]
    assert json.loads(text).keys() == assist("stats", "export").json.keys()
    (team / "2.json").write_text(text.replace(json.loads(text)["id"], "0" * 16).replace("heron", ""))
    (team / "again.json").write_text(text)
    found = assist("report", "--merge", "team", "--json").json
    assert found["ghost_text"]["requests"] == 2 * 1600
    assert found["left"]["requests"] == 2
    assert {each["name"] for each in found["people"]} == {"heron", "person 1"}
    assert found["exports"] == {"files": 3, "repeated": 1}
    assert not (tmp_path / "data" / "reports").exists()
    page = Path(assist("report", "--merge", "team").out.strip())
    assert page.parent == tmp_path / "data" / "reports"
    assert "person 1" in page.read_text()
    (team / "bad.json").write_text("{}")
    refused = assist("report", "--merge", "team", "--output", "t.html")
    assert refused.code == 1
    assert "team/bad.json is not an export" in refused.err
    assert not (tmp_path / "t.html").exists()


def test_a_report_is_one_private_page_below_the_data(
    assist: Assist, home: Home, data: Path, tmp_path: Path
) -> None:
    record_feedback(home, "r1", "routed", "accepted")
    record_request(home, tmp_path, "r1", path="src/secret_plan.py")
    pay(home, tmp_path, "r1", 5_400)
    before = set(tmp_path.iterdir())
    page = Path(assist("report").out.strip())
    assert set(tmp_path.iterdir()) == before
    assert page.parent == tmp_path / "data" / "reports"
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    assert stat.S_IMODE(page.parent.stat().st_mode) == 0o700
    text = page.read_text()
    assert "1,600" in text
    assert "$0.0054" in text
    assert "models.example" in text
    assert not [
        word
        for word in ("http:", "https:", "<script", str(tmp_path), "secret_plan", "f" * 16)
        if word in text
    ]
    done = assist("report", "--output", "mine.html", "--since", TODAY, "--json")
    assert done.json["ghost_text"]["requests"] == 900
    assert str(tmp_path / "mine.html") not in done.out
    assert "900" in (tmp_path / "mine.html").read_text()


def test_a_report_of_nothing_is_a_page_too(assist: Assist, tmp_path: Path) -> None:
    done = assist("report", "--output", "mine.html")
    assert (done.code, done.out) == (0, "mine.html\n")
    assert "No ghost text was counted" in (tmp_path / "mine.html").read_text()
    assert not (tmp_path / "data").exists()
    assert assist("stats", "export", "--name", "a/../b@c").code == 2


def test_a_rating_has_the_model_that_answered(assist: Assist, home: Home) -> None:
    record_feedback(home, "r1", "routed")
    path = files(home).feedback
    [routed] = feedback.events(path)
    answered = {**json.loads(path.read_text()), "event": "answered", "model": "small", "language": "python"}
    path.write_text(path.read_text() + json.dumps(answered) + "\n")
    assert assist("rate", "good").code == 0
    *_, last = feedback.events(path)
    assert (last.event, last.model, last.request_id) == ("up", "small", routed.request_id)
