"""Which candidates are asked if no one names any."""

from pathlib import Path

import pytest
from small_gguf import gguf

from assist_evaluation.running.ready import EvalRequest, usual_candidates
from assist_server.config.config import load_lenient


@pytest.mark.parametrize(("minutes", "without_others"), [(5.0, False), (20.0, True)])
def test_the_model_without_other_files_is_asked_only_in_a_long_run(
    tmp_path: Path, minutes: float, without_others: bool
) -> None:
    model = tmp_path / "own.gguf"
    model.write_bytes(gguf(b"weights"))
    (tmp_path / "config.toml").write_text(f"[completion]\nmodel = '{model}'\n")
    config = load_lenient({"ASSIST_CONFIG_DIR": str(tmp_path), "ASSIST_DATA_DIR": str(tmp_path / "data")}, ())
    found = [
        spec for spec in usual_candidates(config, str(tmp_path), EvalRequest(minutes=minutes)) if spec.name
    ]
    assert [spec.context for spec in found] == ([True, False] if without_others else [True])
