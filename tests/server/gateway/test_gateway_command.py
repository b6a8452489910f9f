"""`assist gateway` and its tokens on the command line."""

import re
import signal
from pathlib import Path

import httpx2
import pytest
from conftest import Assist, runner, started


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"ASSIST_CONFIG_DIR": str(tmp_path / "config"), "ASSIST_DATA_DIR": str(tmp_path / "data")}


@pytest.fixture
def assist(tmp_path: Path, environ: dict[str, str]) -> Assist:
    return runner(tmp_path, environ)


def test_a_token_is_shown_once_listed_without_itself_and_revoked(tmp_path: Path, assist: Assist) -> None:
    (tmp_path / "shop").mkdir()
    made = assist(
        "gateway", "token", "aider", "--workspace", "shop", "--allow", "unattributed", "--ceiling-usd", "2"
    )
    token = made.out.strip()
    assert made.code == 0
    assert re.fullmatch(r"assist-[\w-]{43}", token)
    assert assist("gateway", "token", "aider", "--workspace", "shop").code == 1
    listed = assist("gateway", "tokens", "--json")
    rows = [{"name": "aider", "folders": [str(tmp_path / "shop")], "unattributed": True, "ceiling_usd": 2.0}]
    assert listed.json == rows
    assert "aider" in assist("gateway", "tokens").out
    assert token not in listed.out
    assert assist("gateway", "revoke", "aider").code == 0
    assert assist("gateway", "tokens", "--json").json == []
    assert "known are none" in assist("gateway", "revoke", "aider").err


@pytest.mark.parametrize(
    "arguments", [("a b", "--workspace", "."), ("aider", "--workspace", "nowhere"), ("aider",)]
)
def test_a_token_needs_a_plain_name_and_a_folder(arguments: tuple[str, ...], assist: Assist) -> None:
    assert assist("gateway", "token", *arguments).code == 2


def test_a_gateway_runs_until_it_is_stopped_and_says_where(
    tmp_path: Path, environ: dict[str, str], assist: Assist
) -> None:
    token = assist("gateway", "token", "tool", "--workspace", ".").out.strip()
    process = started(tmp_path, environ, "gateway", "--port", "0")
    try:
        assert process.stderr is not None
        said = process.stderr.readline().decode()
        url = re.search(r"http://127\.0\.0\.1:\d+/v1", said)
        assert url, said
        found = httpx2.get(f"{url[0]}/models", headers={"Authorization": f"Bearer {token}"})
        assert found.json()["data"][0]["id"] == "local"
        assert httpx2.get(f"{url[0]}/models").status_code == 401
        port = url[0].rpartition(":")[2].partition("/")[0]
        second = assist("gateway", "--port", port)
        assert "another gateway may run already" in second.err
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.communicate()


def test_a_socket_that_others_could_reach_is_refused(tmp_path: Path, assist: Assist) -> None:
    tmp_path.chmod(0o755)
    assert "700" in assist("gateway", "--socket", str(tmp_path / "g")).err
