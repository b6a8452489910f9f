"""Who may name a team's server: the user and the organisation. All others can only forbid it."""

from pathlib import Path

import pytest
from config_files import environ, write

from assist_server.config.config import load, load_lenient, merge_settings
from assist_server.config.permissions import permissions_for

TABLE = "[servers.team]\nkind = 'vllm'\nbase_url = 'https://gpu.example'\nmodel = 'qwen'\napi_key_env = 'TEAM_KEY'\n"
USER = f"[completion]\nserver = 'team'\n{TABLE}residency = ['internal']\n"


def test_the_user_names_a_server_which_answers_questions_too(tmp_path: Path, repo: Path) -> None:
    config = load(write(tmp_path, USER) | {"TEAM_KEY": "sesame-sesame"})
    found, problems = permissions_for(config, [str(repo)])
    assert (found.ghost_server, found.ghost_text, problems) == ("team", "server", ())
    provider = found.providers["team"]
    assert (provider.base_url, provider.model) == ("https://gpu.example/v1", "qwen")
    assert config.secrets.get("TEAM_KEY") == "sesame-sesame"
    assert found.mode == "never"  # for questions


def test_by_default_there_is_none(tmp_path: Path, repo: Path) -> None:
    found, _ = permissions_for(load(write(tmp_path, "")), [str(repo)])
    assert (found.ghost_server, dict(found.servers)) == ("", {})


def test_an_organisation_hands_one_out_and_its_definition_wins(tmp_path: Path, repo: Path) -> None:
    (tmp_path / "policy.toml").write_text(f"[completion]\nserver = 'team'\n{TABLE}residency = ['public']\n")
    config = load_lenient(write(tmp_path, USER.replace("gpu.example", "elsewhere.example")))
    found, problems = permissions_for(config, [str(repo)])
    assert (found.servers["team"].base_url, found.servers["team"].residency) == (
        "https://gpu.example",
        ("public",),
    )
    assert problems == ()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("[escalation]\nghost_text = 'local'\n", "local"),
        ("[escalation]\nmode = 'never'\n", "local"),
        ("[completion]\nserver = 'other'\n", "local"),  # not theirs to say, so nothing leaves
        (f"{TABLE}residency = ['internal']\n", "local"),
        ("[escalation]\nghost_text = 'server'\n", "local"),  # not accepted yet
    ],
)
def test_a_repository_can_only_forbid(tmp_path: Path, repo: Path, text: str, left: str) -> None:
    (repo / ".assist.toml").write_text(text)
    found, _ = permissions_for(load(write(tmp_path, USER)), [str(repo)])
    assert (found.ghost_text, found.ghost_server) == (left, "team")
    assert found.servers["team"].base_url == "https://gpu.example"
    none, _ = permissions_for(load(write(tmp_path, "")), [str(repo)])
    assert (none.ghost_server, dict(none.servers)) == ("", {})


def test_an_editor_names_none_and_can_forbid(tmp_path: Path, repo: Path) -> None:
    base = load_lenient(write(tmp_path, TABLE))
    named = merge_settings(base, {"completion": {"server": "team", "mode": "quiet"}})
    assert permissions_for(named, [str(repo)])[0].ghost_server == ""
    assert named.completion.mode == "quiet"
    assert [each.key for each in named.problems] == ["completion.server"]
    forbidden = merge_settings(load_lenient(environ(tmp_path)), {"escalation": {"ghost_text": "local"}})
    assert permissions_for(forbidden, [str(repo)])[0].ghost_text == "local"


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("kind = 'tgi'", "llama.cpp"),
        ("base_url = 'http://gpu.example'", "https"),
        ("api_key_env = 'sk-0123'", "is not a variable name"),
        ("context_tokens = 1", "from 1024"),
        ("colour = 'red'", "no such setting"),
    ],
)
def test_a_wrong_entry_is_named_and_the_rest_works(tmp_path: Path, line: str, says: str) -> None:
    name = line.split(" ", maxsplit=1)[0]
    kept = [each for each in TABLE.splitlines() if not each.startswith(f"{name} ")]
    config = load_lenient(write(tmp_path, "\n".join([*kept, line, "[completion]", "mode = 'quiet'"])))
    assert says in " ".join(map(str, config.problems))
    assert config.completion.mode == "quiet"
    assert dict(permissions_for(config, [])[0].servers) == {}
