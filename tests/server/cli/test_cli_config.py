"""`assist config set|unset|path`: one setting of the user's file, checked before it is written."""

from pathlib import Path

import pytest
from command_runs import Assist

WRITTEN = '# mine\n[completion]\nmode = "eager" # for now\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    path = tmp_path / "config" / "config.toml"
    path.write_text(WRITTEN)
    return path


def test_a_setting_is_changed_and_taken_out_again(assist: Assist, file: Path) -> None:
    assert assist("config", "path").out == f"{file}\n"
    done = assist("config", "set", "completion.mode", "quiet")
    assert done.out == f'{file}: [completion] mode = "quiet"\n'
    assert file.read_text() == WRITTEN.replace("eager", "quiet")
    assert assist("config", "set", "completion.max_lines", "3", "--json").json["value"] == 3
    assert assist("config", "unset", "completion.max_lines").code == 0
    assert assist("config", "unset", "completion.mode").code == 0
    assert file.read_text() == "# mine\n[completion]\n"


def test_lists_and_tables_are_written_as_people_write_them(assist: Assist, file: Path) -> None:
    assist("config", "set", "escalation.always_local", "test, fix")
    assist("config", "set", "providers.team", '{ base_url = "https://h.example/v1", model = "m" }')
    assert 'always_local = ["test", "fix"]' in file.read_text()
    assert assist("config", "check").code == 0
    assert '"h.example"' not in assist("config", "show").out


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("completion.modle", "x", "[completion] modle: no such setting; did you mean mode or model?"),
        ("mode", "quiet", "did you mean [completion] mode or [escalation] mode?"),
        ("completion.mode", "loud", "choose one of eager, balanced, quiet, manual"),
        ("completion.threads", "two", "use a whole number from 0 to 256"),
        ("providers.team.model", "m", "[providers.team] base_url is missing: write one"),
        ("a b", "x", "is not a key: write TABLE.KEY, as in completion.mode"),
    ],
)
def test_what_is_not_valid_is_not_written(
    assist: Assist, file: Path, key: str, value: str, message: str
) -> None:
    done = assist("config", "set", key, value)
    assert done.code in (1, 2)
    assert message in done.err
    assert file.read_text() == WRITTEN


def test_an_unknown_key_cannot_be_taken_out(assist: Assist, file: Path) -> None:
    assert "did you mean mode or model?" in assist("config", "unset", "completion.modle").err


def test_what_an_organisation_forbids_is_said(assist: Assist, file: Path) -> None:
    (file.parent / "policy.toml").write_text('[escalation]\nmode = "never"\n')
    done = assist("config", "set", "escalation.mode", "ask")
    assert f'{file.parent / "policy.toml"} also sets escalation.mode, to "never"' in done.out
