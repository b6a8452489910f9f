"""Messages whose methods the protocol does not know: read as JSON has them, however many objects they have."""

from pathlib import Path
from typing import Any

import pytest

from assist_server.config.config import load_lenient
from assist_server.lsp.protocol import Server

PARAMS = {"problems": [{"range": {"start": {"line": 1}}, "for": 2, "type_name": "x"}], "more": None}


def _read(place: Path, **members: Any) -> Any:
    config = load_lenient({"ASSIST_CONFIG_DIR": str(place), "ASSIST_DATA_DIR": str(place / "data")})
    server = Server(config, print)  # type: ignore[arg-type]
    return server.protocol.structure_message({"jsonrpc": "2.0", **members})


@pytest.mark.parametrize(
    "method", ["assist/didReportProblems", "$/unknown", "textDocument/copilotInlineEdit"]
)
def test_params_without_a_type_stay_as_json_has_them(tmp_path: Path, method: str) -> None:
    assert _read(tmp_path, method=method, params=PARAMS).params == PARAMS
    assert _read(tmp_path, id=7, method=method, params=PARAMS).params == PARAMS


def test_results_without_a_type_stay_as_json_has_them(tmp_path: Path) -> None:
    assert _read(tmp_path, id=1, result=PARAMS).result == PARAMS
