"""`assist eval` with the real model on this machine, and with a real model server in the role of a provider."""

import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from conftest import COMMAND, GUARD, process_runner
from frontier import frontier
from histories import make_history
from vendor import PRICE

pytestmark = [pytest.mark.model, pytest.mark.xdist_group("model"), pytest.mark.timeout(400)]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make_history(tmp_path / "shop", modules=4)


def test_local_candidates_are_asked_offline(
    tmp_path: Path, environ: Mapping[str, str], model_path: Path, shop: Path
) -> None:
    (tmp_path / "guard").mkdir()
    (tmp_path / "guard" / "sitecustomize.py").write_text(GUARD)  # any use of a socket ends in a traceback
    assist = process_runner(shop, {**environ, "PYTHONPATH": str(tmp_path / "guard")})
    local = f"local:{model_path}"
    done = assist(
        "eval", "-c", local, "-c", "known:empty", "--kinds", "lines,typing,edits",
        "--count", "3", "--minutes", "4", "--offline", "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    document = done.json
    assert document["problems"] == []
    rows = {(each["kind"], each["candidate"]): each for each in document["kinds"]}
    lines = rows["lines", local]
    assert lines["mean"] > 0.3 > rows["lines", "known:empty"]["mean"]
    assert lines["ms_p50"] > 1
    assert rows["typing", local]["numbers"]["requests"] > 10
    assert rows["edits", local]["tokens_written"] > 5
    assert document["reliability"][local]
    assert document["departures"] == []


def test_a_run_that_is_terminated_has_a_report_of_what_was_asked(
    tmp_path: Path, environ: Mapping[str, str], model_path: Path, shop: Path
) -> None:
    data = tmp_path / "data"  # with no answers of other tests
    local = f"local:{model_path}"
    arguments = ("eval", "-c", local, "-c", "known:empty", "--kinds", "typing", "--count", "200", "--json")
    answers = 0
    with subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=shop,
        env={**os.environ, **environ, "ASSIST_DATA_DIR": str(data)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while answers < 2 and process.poll() is None:
            time.sleep(0.1)
            files = data.rglob("answers.jsonl")
            answers = sum(len(each.read_text().splitlines()) for each in files)
        process.terminate()
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "Interrupted" in err
    document = json.loads(out)
    assert document["complete"] is False
    assert document["asked"] >= 2
    assert Path(document["report"]).exists()


def test_a_provider_is_asked_within_the_money_and_every_request_is_in_the_log(
    tmp_path: Path, environ: Mapping[str, str], model_path: Path, shop: Path
) -> None:
    with frontier(model_path) as url:
        config = Path(environ["ASSIST_CONFIG_DIR"], "config.toml")
        config.write_text(
            f'[completion]\nmodel = "{model_path}"\n[escalation]\nmode = "auto"\n[providers.acme]\n'
            f'base_url = "{url}"\nmodel = "frontier-1"\napi_key_env = "ACME_KEY"\nmax_output_tokens = 80\n'
            f'timeout_seconds = 100.0\nresidency = ["public", "internal"]\nprice = {PRICE}\n'
        )
        online = {name: value for name, value in environ.items() if name != "ASSIST_OFFLINE"}
        data = tmp_path / "data"
        data.mkdir()
        assist = process_runner(shop, {**online, "ASSIST_DATA_DIR": str(data), "ACME_KEY": "k-0123456789"})
        asked = ("eval", "-c", "provider:acme", "-c", "known:empty", "--kinds", "edits", "--count")

        plan = assist(*asked, "1", "--max-usd", "0.5", "--dry-run", "--json").json
        [leaving] = plan["leaving"]
        assert leaving["host"] in url
        assert 0 < leaving["requests"] <= 3
        assert not (data / "audit.jsonl").exists()

        done = assist(*asked, "1", "--max-usd", "0.5", "--minutes", "4", "--yes", "--json")
        assert done.code == 0, done.err
        document = done.json
        left = document["departures"]
        assert {each["command"] for each in left} <= {"fix", "refactor"}
        log = assist("audit", "show", "--json").json
        intents = [each for each in log["events"] if each["kind"] == "intent"]
        assert len(intents) == sum(each["requests"] for each in left) == leaving["requests"]
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
