"""`assist eval` as a user runs it, with candidates whose worth is known, so that no model is needed."""

import json
import re
from pathlib import Path

import pytest
from command_runs import Assist, runner
from filelock import FileLock
from histories import make_history
from vendor import configure_provider, scripted_answer, vendor

pytestmark = pytest.mark.slow
KNOWN = ("-c", "known:oracle", "-c", "known:empty", "-c", "search")
KINDS = ("--kinds", "lines,edits,questions")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_history(tmp_path_factory.mktemp("eval") / "shop", modules=6)


def test_an_evaluation_from_mining_to_the_guards(assist: Assist, shop: Path, tmp_path: Path) -> None:
    mined = assist("eval", "mine", "--workspace", str(shop), "--count", "80", "--json").json
    assert mined["tasks"]["lines"] > 10
    done = assist(
        "eval", *KNOWN, *KINDS, "--workspace", str(shop), "--count", "80", "--json", "--minutes", "3"
    )
    assert done.code == 0, done.err
    document = done.json
    ranked = [each["candidate"] for each in document["ranking"]]
    assert ranked == ["known:oracle", "search", "known:empty"]
    assert document["complete"] is True
    assert document["departures"] == []
    rows = {(each["kind"], each["candidate"]): each for each in document["kinds"]}
    assert rows["lines", "known:oracle"]["numbers"]["exact"] == 1.0
    assert 0 < rows["questions", "search"]["mean"] <= 1
    page = Path(document["report"])
    assert page.stat().st_mode & 0o077 == 0
    html = page.read_text()
    assert not re.search(r"https?://|<script|<img|@import|url\((?!#)", html)
    assert "scaled_" not in html  # no code unless it is asked for
    assert str(shop) not in html

    again = assist("eval", *KNOWN, *KINDS, "--workspace", str(shop), "--count", "80", "--json").json
    assert again["asked"] == 0  # all answers were kept

    guard = assist(
        "eval", "-c", "known:empty", "-c", "known:oracle", *KINDS, "--workspace", str(shop), "--count", "80",
        "--guard", "known:oracle lines.exact >= last", "--guard", "lines.exact >= 0.5", "--json",
    )  # fmt: skip
    assert guard.code == 4
    assert [each["holds"] for each in guard.json["guards"]] == [True, False]

    shown = assist("eval", "report", "--workspace", str(shop), "--with-code", "-o", str(tmp_path / "r.html"))
    assert "Common ranking" not in shown.out
    assert "All together" in shown.out
    assert "<details>" in (tmp_path / "r.html").read_text()

    compared = assist("eval", "compare", "last", "last-1", "--workspace", str(shop)).out
    assert "known:oracle" in compared
    assert "no difference" in compared

    cleared = assist("eval", "clear", "--workspace", str(shop), "--json").json
    assert not Path(cleared["deleted"]).exists()


def test_tasks_can_be_asked_again_from_a_file(assist: Assist, shop: Path, tmp_path: Path) -> None:
    file = tmp_path / "nightly.jsonl"
    assist("eval", "mine", "--workspace", str(shop), "--count", "40", "-o", str(file))
    runs = [
        assist("eval", "run", *KNOWN, *KINDS, "--workspace", str(shop), "--tasks", str(file), "--json").json
        for _ in range(2)
    ]
    assert runs[0]["mined"] == runs[1]["mined"]
    assert json.loads(file.read_text().splitlines()[0])["commit"] == runs[0]["commit"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-c", "cloud:x"), "is not a candidate"),
        (("-c", "local:nowhere"), "nowhere"),
        (("-c", "server:team"), "server:team may not be asked here"),
        (("-c", "provider:acme", "--max-usd", "1"), "provider:acme may not be asked here"),
        (("-c", "known:oracle", "--guard", "lines is good"), "is not a guard"),
        (("-c", "known:oracle", "--kinds", "lies"), "is not a kind"),
        (("-c", "search", "--kinds", "lines"), "search cannot answer lines: name other kinds"),
        (("-c", "known:oracle", "--tasks", "/nowhere"), "assist eval mine"),
    ],
)
def test_a_mistake_is_said_before_anything_is_asked(
    assist: Assist, shop: Path, arguments: tuple[str, ...], told: str
) -> None:
    done = assist("eval", *arguments, "--workspace", str(shop))
    assert done.code in (1, 2)
    assert told in done.err


def test_there_is_no_report_before_a_run(assist: Assist, shop: Path) -> None:
    done = assist("eval", "report", "--workspace", str(shop))
    assert done.code == 1
    assert "assist eval run" in done.err


def test_a_second_evaluation_of_the_same_repository_is_refused(assist: Assist, shop: Path) -> None:
    mined = assist("eval", "mine", "--workspace", str(shop), "--count", "20", "--json").json
    folder = Path(mined["file"]).parent
    with FileLock(folder / "run.lock"):
        done = assist("eval", *KNOWN, *KINDS, "--workspace", str(shop), "--count", "20")
    assert done.code == 1
    assert "Another evaluation" in done.err


@pytest.fixture
def priced(tmp_path: Path) -> Path:
    """A copy of the shop of which a provider may see all but one file."""
    root = make_history(tmp_path / "priced", modules=6)
    rules = '[egress]\ndeny = ["shop/mod_0.py"]\n'
    configure_provider(tmp_path / "config", "http://127.0.0.1:9/v1", more=rules)
    return root


def test_a_dry_run_says_what_would_leave_and_what_a_rule_keeps(assist: Assist, priced: Path) -> None:
    asked = ("eval", "-c", "provider:acme", "--kinds", "edits", "--count", "40", "--max-usd", "1")
    [leaving] = assist(*asked, "--workspace", str(priced), "--dry-run", "--json").json["leaving"]
    assert leaving["host"] == "127.0.0.1:9"
    assert leaving["requests"] >= 8
    assert leaving["upper_usd"] > 0
    [(why, count)] = leaving["refused"].items()
    assert "mod_0.py" in why
    assert count == 2
    told = assist(*asked, "--workspace", str(priced), "--dry-run").out
    assert f"up to {leaving['requests']} requests" in told.replace("\n", " ")


def test_nothing_is_sent_unless_someone_agrees(assist: Assist, priced: Path) -> None:
    asked = ("eval", "-c", "provider:acme", "--kinds", "edits", "--count", "40", "--workspace", str(priced))
    bare = assist(*asked)
    assert (bare.code, "--max-usd" in bare.err) == (1, True)
    unasked = assist(*asked, "--max-usd", "1")
    assert (unasked.code, "add --yes" in unasked.err) == (2, True)
    (priced / ".assist.toml").write_text("[escalation]\nyes_allowed = false\n")
    assert assist("config", "trust", "--yes", "--workspace", str(priced)).code == 0
    forbidden = assist(*asked, "--max-usd", "1", "--yes")
    assert (forbidden.code, "add --yes" in forbidden.err) == (2, True)


def test_where_nothing_may_leave_no_request_is_prepared(assist: Assist, priced: Path) -> None:
    (priced / ".assist.toml").write_text('[escalation]\nmode = "never"\n')
    assert assist("config", "trust", "--yes", "--workspace", str(priced)).code == 0
    asked = ("eval", "-c", "provider:acme", "--kinds", "edits", "--count", "40", "--max-usd", "1")
    done = assist(*asked, "--workspace", str(priced), "--dry-run", "--json")
    assert (done.code, "no such provider" in done.err or done.json["leaving"][0]["requests"] == 0) == (
        done.code,
        True,
    )


def test_a_provider_is_asked_within_the_money_and_every_request_is_in_the_log(
    shop: Path, home: dict[str, str]
) -> None:
    with vendor(scripted_answer("```python\nx = 1\n```\n")) as acme:
        configure_provider(Path(home["ASSIST_CONFIG_DIR"]), acme.url)
        data = Path(home["ASSIST_DATA_DIR"])
        assist = runner(shop, {**home, "ACME_KEY": "k-0123456789"})
        asked = ("eval", "-c", "provider:acme", "-c", "known:empty", "--kinds", "edits", "--count")

        plan = assist(*asked, "1", "--max-usd", "0.5", "--dry-run", "--json").json
        [leaving] = plan["leaving"]
        assert leaving["host"] in acme.url
        assert 0 < leaving["requests"] <= 3
        assert not (data / "audit.jsonl").exists()
        assert acme.connections == 0

        done = assist(*asked, "1", "--max-usd", "0.5", "--minutes", "4", "--yes", "--json")
        assert done.code == 0, done.err
        document = done.json
        left = document["departures"]
        assert {each["command"] for each in left} <= {"fix", "refactor"}
        log = assist("audit", "show", "--json").json
        intents = [each for each in log["events"] if each["kind"] == "intent"]
        assert len(intents) == sum(each["requests"] for each in left) == leaving["requests"]
        assert len(intents) == len(acme.requests)
        sent = sum(each["bytes_sent"] for each in left)
        assert sent == sum(each["bytes_sent"] for each in intents) > 500
        assert 0 < sum(each["cost_micro"] for each in left) <= 1e6 * min(0.5, leaving["upper_usd"])
        assert "Commit message" not in json.dumps(log)  # the log has hashes, no text

        again = assist(*asked, "1", "--max-usd", "0.5", "--yes", "--json").json
        assert (again["asked"], again["departures"]) == (0, [])

        poor = assist(
            *asked, "6", "--seed", "2", "--max-usd", "0.000001", "--minutes", "4", "--yes", "--json"
        ).json
        assert "--max-usd" in "".join(poor["problems"])
        assert poor["departures"] == []
        assert len(acme.requests) == len(intents)
