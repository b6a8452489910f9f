"""What a file of cases may say, what its errors name, and that it changes no rule."""

from pathlib import Path

import pytest
from command_runs import Assist
from two_providers import PROVIDERS

from assist_gateway.policy_tests.cases import NAME, PolicyCase, read_cases
from assist_server.config.config import load_lenient
from assist_server.config.permissions import permissions_for
from assist_server.config.toml_file import ConfigError
from assist_server.errors import UserError

WRONG = [
    ("[[cases]]\n", "cases: no such key; did you mean case?"),
    ("[case]\npath = 'a'\n", "begin each case with [[case]]"),
    ("", "has no case: begin one with [[case]]"),
    ("[[case]]\npath = 'a'\nexpct = 'kept'\n", "case 1: expct: no such key; did you mean expect?"),
    ("[[case]]\nexpect = 'kept'\n", "case 1: name either a path or a text"),
    ("[[case]]\npath = 'a'\ntext = 'b'\nexpect = 'kept'\n", "case 1: name either a path or a text"),
    (
        "[[case]]\npath = 'a'\nexpect = 'redacted'\n",
        'expect = "redacted": for a path, choose from kept, leaves',
    ),
    ("[[case]]\npath = 'a'\n", 'expect = "": for a path, choose from kept, leaves'),
    ("[[case]]\ntext = 'a'\nexpect = 'kept'\n", 'expect = "kept": for a text, choose from redacted, leaves'),
    ("[[case]]\npath = 7\nexpect = 'kept'\n", "path = 7: use a text that is not empty"),
    ("[[case]]\npath = ' '\nexpect = 'kept'\n", 'path = " ": use a text that is not empty'),
    ("[[case]]\npath = '!a'\nexpect = 'kept'\n", "path holds the glob '!a'"),
    (
        "[[case]]\npath = 'a'\nexpect = 'kept'\nsecret = 'a'\n",
        "secret does not apply to a path: leave it out",
    ),
    ("[[case]]\npath = 'a'\nexpect = 'kept'\ncommand = 'revue'\n", 'command = "revue": did you mean review?'),
    ("[[case]]\npath = 'a'\nexpect = 'kept'\nrule = 'dney x'\n", 'rule = "dney": did you mean deny?'),
    (
        "[[case]]\npath = 'a'\nexpect = 'leaves'\nrule = 'deny'\n",
        ("rule applies only to files that are kept: leave it out"),
    ),
    ("[[case]]\ntext = 'a'\nexpect = 'redacted'\nsecret = 'b'\n", "secret is not part of the text"),
    (
        "[[case]]\ntext = 'a'\nexpect = 'leaves'\nsecret = 'a'\n",
        "secret applies only to text that is redacted",
    ),
    ("[[case]\n", "not valid TOML"),
]


@pytest.mark.parametrize(("text", "message"), WRONG)
def test_an_error_names_the_case_the_key_and_the_remedy(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / NAME).write_text(text)
    with pytest.raises(ConfigError) as raised:
        read_cases(tmp_path / NAME)
    assert message in str(raised.value)


def test_all_errors_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("[[case]]\npath = 'a'\n[[case]]\ntxt = 'a'\n[other]\n")
    with pytest.raises(ConfigError) as raised:
        read_cases(tmp_path / NAME)
    assert len(raised.value.lines) == 4


def test_a_case_has_what_it_says(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("[[case]]\npath = 'a/**'\nexpect = 'kept'\nrule = 'deny a/**'\n")
    assert read_cases(tmp_path / NAME) == (PolicyCase(1, "kept", path="a/**", rule="deny a/**"),)
    with pytest.raises(UserError, match="write the first case there"):
        read_cases(tmp_path / "other.toml")


@pytest.fixture
def repo(tmp_path: Path, home: dict[str, str]) -> Path:
    root = tmp_path / "repo"
    (root / "src").mkdir(parents=True)
    (root / "src" / "app.py").write_text("x = 1\n")
    return root


def test_the_file_of_a_repository_changes_no_rule(repo: Path, home: dict[str, str]) -> None:
    config = load_lenient(home, ())
    before = permissions_for(config, [str(repo)])
    said = "[escalation]\nmode = 'auto'\n[egress]\ndeny = []\n"
    (repo / NAME).write_text(f"{said}[[case]]\npath = 'src/**'\nexpect = 'leaves'\n")
    assert permissions_for(config, [str(repo)]) == before


def test_where_nothing_leaves_at_all_a_note_says_so(repo: Path, assist: Assist) -> None:
    (repo / NAME).write_text("[[case]]\npath = 'src/**'\nexpect = 'kept'\n")
    done = assist("policy", "test", "--workspace", str(repo))
    assert done.code == 0
    assert "1 of 1 cases hold." in done.out
    assert "each case that expects `kept` holds" in done.err


def test_a_glob_without_a_file_and_a_provider_with_a_typo_fail(repo: Path, assist: Assist) -> None:
    (repo / NAME).write_text(
        "[[case]]\npath = 'source/**'\nexpect = 'kept'\n"
        "[[case]]\npath = 'src/**'\nexpect = 'kept'\nprovider = 'eu-azur'\n"
        "[[case]]\npath = 'src/**'\nexpect = 'kept'\nprovider = 'eu-azur'\nrule = 'provider'\n"
    )
    done = assist("policy", "test", "--workspace", str(repo), "--json")
    assert done.code == 4
    first, second, third = done.json["cases"]
    assert first["failures"] == [{"found": "nothing", "rule": "no file matches the glob", "written_in": []}]
    assert 'eu-azur may not be used here (may be: none); if that is meant, say rule = "provider"' in str(
        second
    )
    assert third["holds"]


def test_other_tools_have_rules_of_their_own(repo: Path, tmp_path: Path, assist: Assist) -> None:
    (tmp_path / "config").mkdir()
    said = PROVIDERS.replace('mode = "auto"', 'mode = "ask"\nyes_allowed = false')
    (tmp_path / "config" / "config.toml").write_text(said)
    (repo / NAME).write_text(
        "[[case]]\npath = 'src/**'\nexpect = 'leaves'\nprovider = 'us'\n"
        "[[case]]\npath = 'src/**'\nexpect = 'kept'\nprovider = 'us'\ncommand = 'gateway'\nrule = 'mode ask'\n"
    )
    done = assist("policy", "test", "--workspace", str(repo), "--json")
    assert [case["holds"] for case in done.json["cases"]] == [True, True]


def test_a_provider_of_another_dialect_is_for_other_tools_and_that_is_said(
    repo: Path, tmp_path: Path, assist: Assist
) -> None:
    (tmp_path / "config").mkdir()
    said = PROVIDERS.replace("[providers.us]", '[providers.us]\ndialect = "messages"')
    (tmp_path / "config" / "config.toml").write_text(said)
    (repo / NAME).write_text("[[case]]\npath = 'src/**'\nexpect = 'leaves'\nprovider = 'us'\n")
    done = assist("policy", "test", "--workspace", str(repo), "--json")
    assert "which is only for other tools (`assist gateway`)" in done.json["cases"][0]["failures"][0]["rule"]


def test_a_text_is_redacted_by_the_products_own_rules_and_its_values(repo: Path, assist: Assist) -> None:
    (repo / ".env").write_text("DB_PASSWORD=plover-quartz-81\n")
    texts = (
        "text = 'url = postgres://ann:hunter2-x91@db/shop'\nsecret = 'hunter2-x91'\nexpect = 'redacted'\n",
        "text = 'we use plover-quartz-81 here'\nsecret = 'plover-quartz-81'\nexpect = 'redacted'\n",
        "text = 'the weather is nice'\nexpect = 'leaves'\n",
        "text = 'password = \"tulip-9-brass\"'\nexpect = 'redacted'\nrule = 'password'\n",
    )
    wrong = (
        "text = 'password = \"tulip-9-brass\"'\nexpect = 'leaves'\n",
        "text = 'password = \"tulip-9-brass\"'\nexpect = 'redacted'\nrule = 'aws_key_id'\n",
        "text = 'password = \"tulip-9-brass\" # call Ann'\nsecret = 'call Ann'\nexpect = 'redacted'\n",
    )
    (repo / NAME).write_text("".join(f"[[case]]\n{text}" for text in (*texts, *wrong)))
    done = assist("policy", "test", "--workspace", str(repo), "--json")
    assert [case["holds"] for case in done.json["cases"]] == [True] * 4 + [False] * 3
    assert "tulip-9-brass" not in done.out + done.err


def test_the_table_names_files_rules_and_places_and_controls_no_terminal(repo: Path, assist: Assist) -> None:
    for name in ("b.py", "c.py", "d.py", "e.py"):
        (repo / "src" / name).write_text("")
    (repo / NAME).write_text("[[case]]\nname = 'a\\u001b[2Jb'\npath = 'src/**'\nexpect = 'leaves'\n")
    done = assist("policy", "test", "--workspace", str(repo))
    assert done.code == 4
    assert "src/app.py, src/b.py, src/c.py and 2 more: kept by mode never" in done.out
    assert "config.toml" in done.out
    assert "\x1b" not in done.out
