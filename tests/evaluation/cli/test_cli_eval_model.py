"""`assist eval` with a model on this machine, once with the real one."""

import json
import os
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from command_runs import GUARD, process_runner
from fake_lsp import HEADER_ALONE, knowing
from forked_servers import FakeModelClient
from histories import make_history

pytestmark = pytest.mark.timeout(400)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return make_history(tmp_path / "shop", modules=4)


def guarded(folder: Path) -> dict[str, str]:
    """The variable with which any use of a socket ends in a traceback."""
    (folder / "guard").mkdir()
    (folder / "guard" / "sitecustomize.py").write_text(GUARD)
    return {"PYTHONPATH": str(folder / "guard")}


@pytest.mark.model
def test_local_candidates_are_asked_offline(
    tmp_path: Path, environ: Mapping[str, str], model_path: Path, shop: Path
) -> None:
    assist = process_runner(shop, {**environ, **guarded(tmp_path)})
    local = f"local:{model_path}"
    done = assist(
        "eval", "-c", local, "-c", "known:empty", "--kinds", "lines,edits",
        "--count", "1", "--minutes", "4", "--offline", "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    document = done.json
    assert document["problems"] == []
    rows = {(each["kind"], each["candidate"]): each for each in document["kinds"]}
    lines = rows["lines", local]
    assert lines["mean"] > 0.3 > rows["lines", "known:empty"]["mean"]
    assert lines["ms_p50"] > 1
    assert rows["edits", local]["tokens_written"] > 5
    assert document["reliability"][local]
    assert document["departures"] == []


@pytest.mark.slow
def test_a_run_that_is_terminated_has_a_report_of_what_was_asked(
    home: Mapping[str, str], shop: Path, tmp_path: Path
) -> None:
    """Typing takes the longest, with a fake model that is slow: the blocks of it are not waited for."""
    model = tmp_path / "slow.gguf"
    model.write_bytes(HEADER_ALONE)
    local = f"local:{model}"
    arguments = (
        "eval", "-c", local, "-c", "known:empty", "--kinds", "typing", "--count", "200", "--offline", "--json",
    )  # fmt: skip
    answers: dict[str, Any] = {}  # by candidate
    with subprocess.Popen(
        [*FakeModelClient.server, *arguments],
        cwd=shop,
        env={**os.environ, **knowing(home, "x = 1\n", slice_s=0.01), **guarded(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while len(answers) < 2 and process.poll() is None:
            time.sleep(0.1)
            lines = [
                line
                for file in Path(home["ASSIST_DATA_DIR"]).rglob("answers.jsonl")
                for line in file.read_text().splitlines()
            ]
            rows = [json.loads(line) for line in lines if line.endswith("}")]
            answers = {row["candidate"]: row["answer"] for row in rows}
        process.terminate()
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "Interrupted" in err
    document = json.loads(out)
    assert document["complete"] is False
    assert document["asked"] >= 2
    assert answers[local]["counts"]["requests"] > 10
    assert Path(document["report"]).exists()
