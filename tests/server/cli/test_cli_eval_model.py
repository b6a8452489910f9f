"""`assist eval` with the real model on this machine."""

import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from conftest import COMMAND, GUARD, process_runner
from histories import make_history

pytestmark = [pytest.mark.model, pytest.mark.timeout(400)]


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
        "--count", "1", "--minutes", "4", "--offline", "--json",
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
    own_data: Path, environ: Mapping[str, str], model_path: Path, shop: Path
) -> None:
    local = f"local:{model_path}"
    arguments = ("eval", "-c", local, "-c", "known:empty", "--kinds", "typing", "--count", "200", "--json")
    answers = 0
    with subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=shop,
        env={**os.environ, **environ, "ASSIST_DATA_DIR": str(own_data)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while answers < 2 and process.poll() is None:
            time.sleep(0.1)
            files = own_data.rglob("answers.jsonl")
            answers = sum(len(each.read_text().splitlines()) for each in files)
        process.terminate()
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "Interrupted" in err
    document = json.loads(out)
    assert document["complete"] is False
    assert document["asked"] >= 2
    assert Path(document["report"]).exists()
