"""`assist gateway` and its tokens on the command line."""

import json
import re
import signal
import tomllib
from pathlib import Path

import httpx2
import pytest
from command_runs import Assist, runner, started
from recording import configure, record_request

from assist_gateway.calls import PATHS
from assist_gateway.cli.tool_setups import tool_setups


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
    assert "there are no tokens yet" in assist("gateway", "revoke", "aider").err


@pytest.mark.parametrize(
    "arguments", [("a b", "--workspace", "."), ("aider", "--workspace", "nowhere"), ("aider",)]
)
def test_a_token_needs_a_plain_name_and_a_folder(arguments: tuple[str, ...], assist: Assist) -> None:
    assert assist("gateway", "token", *arguments).code == 2


@pytest.mark.slow
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
        configure(tmp_path, f"[gateway]\nport = {port}\n")
        shown = assist("gateway", "setup", "aider")
        assert f"export OPENAI_API_BASE={url[0]}" in shown.out
        assert "The gateway answers" in shown.err
        second = assist("gateway", "--port", port)
        assert "another gateway may already be running" in second.err
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_the_log_says_that_it_waits(tmp_path: Path, environ: dict[str, str]) -> None:
    process = started(tmp_path, environ, "gateway", "log")
    try:
        assert process.stderr is not None
        assert b"Ctrl-C stops" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 130
    finally:
        process.kill()
        process.communicate()


def test_a_socket_that_others_could_reach_is_refused(tmp_path: Path, assist: Assist) -> None:
    tmp_path.chmod(0o755)
    assert "700" in assist("gateway", "--socket", str(tmp_path / "g")).err


def test_a_socket_in_a_folder_that_others_could_replace_is_refused(tmp_path: Path, assist: Assist) -> None:
    private = tmp_path / "open" / "own"
    private.mkdir(mode=0o700, parents=True)
    private.parent.chmod(0o777)
    refused = assist("gateway", "--socket", str(private / "g")).err
    assert f"because they can write to {private.parent.resolve()}" in refused


def test_each_tool_has_its_lines_and_what_is_missing_is_said(assist: Assist, tmp_path: Path) -> None:
    configure(tmp_path, "[gateway]\nport = 9\n")
    assert not [name for name, found in tool_setups().items() if found.asks not in PATHS]
    codex = assist("gateway", "setup", "codex", "--model", "eu-azure")
    assert tomllib.loads(codex.out)["model_providers"]["assist"]["base_url"] == "http://127.0.0.1:9/v1"
    assert "No gateway answers at http://127.0.0.1:9" in codex.err
    assert "assist gateway token codex --workspace DIR" in codex.err
    assert 'endpoint_fim = "http://127.0.0.1:9/infill"' in assist("gateway", "setup", "llama-vim").out
    opencode = assist("gateway", "setup", "opencode", "--model", "eu-azure", "--json").json
    assert json.loads(opencode["lines"])["model"] == "assist/eu-azure"
    assert (opencode["answers"], opencode["token"]) == (False, False)
    assert "No provider with this protocol is defined yet" in assist("gateway", "setup", "claude").err
    assert "'emacs' is not one of" in assist("gateway", "setup", "emacs").err
    endpoint = 'base_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n'
    dialects = "".join(
        f'[providers.{name}]\n{endpoint}dialect = "{name}"\n' for name in ("chat", "messages", "responses")
    )
    configure(tmp_path, dialects)
    assert tomllib.loads(assist("gateway", "setup", "codex").out)["model"] == "responses"
    assert "claude --model messages" in assist("gateway", "setup", "claude").out


def test_the_log_says_what_each_tool_sent_what_was_cut_and_what_it_cost(
    assist: Assist, tmp_path: Path, environ: dict[str, str]
) -> None:
    record_request(environ, tmp_path, "r1")
    kept = [{"path": "infra/prod.tf", "rule": "deny infra/**"}]
    sent = {"command": "tool:aider", "files": ["src/app.py"], "kept": kept}
    record_request(environ, tmp_path, "r2", fields=sent)
    lines = [line[10:] for line in assist("gateway", "log", "--once").out.splitlines()]
    assert lines == [
        "aider  to openai (big); up to 1,200 tokens and $0.0120; files: src/app.py; "
        "cut: infra/prod.tf (deny infra/**); redacted: 1 password",
        "aider  stop; $0.0054; 900 + 80 tokens",
    ]
    assert not assist("gateway", "log", "--once", "--tool", "zed").out
