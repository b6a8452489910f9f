"""The settings of a second model for ghost text: who may write them, and which values they take."""

from pathlib import Path

import pytest
from config_files import environ, write

from assist_completion.errors import CompletionError
from assist_completion.settings import CompletionSettings
from assist_server.config.config import ConfigError, load, load_lenient, merge_settings
from assist_server.config.layers import statement_of_file

TABLE = "[completion]\ncandidate = 'smollm2-135m'\nshare = 1\n"


def test_a_candidate_is_a_name_or_a_path_as_the_model_is(tmp_path: Path) -> None:
    assert (CompletionSettings().candidate, CompletionSettings().share) == ("", 0.1)
    assert load(write(tmp_path, TABLE)).completion.candidate == "smollm2-135m"
    assert load(write(tmp_path, TABLE)).completion.share == 1.0
    own = load(write(tmp_path, "[completion]\ncandidate = 'mine.gguf'"))
    assert own.completion.candidate == str(tmp_path / "mine.gguf")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("candidate = 'a/b'", "candidate = 'a/b': a path must end in .gguf"),
        ("candidate = ' '", "candidate = ' ': use a model's name"),
        ("candidate = 1", "[completion] candidate = 1: use text"),
        ("share = 1.1", "share = 1.1: use a number from 0 to 1"),
        ("share = -0.1", "share = -0.1: use a number from 0 to 1"),
        ("share = nan", "share = nan: use a number from 0 to 1"),
        ("share = '10%'", '[completion] share = "10%": use a number from 0 to 1'),
    ],
)
def test_an_invalid_value_is_named(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, f"[completion]\n{line}"))
    assert message in str(caught.value)


def test_a_value_that_is_made_in_code_is_checked_too() -> None:
    with pytest.raises(CompletionError, match="candidate = 'a/b'"):
        CompletionSettings(candidate="a/b")


def test_an_editor_may_name_a_model_of_the_catalogue_but_no_file_of_a_workspace(tmp_path: Path) -> None:
    base = load(write(tmp_path, "[completion]\ncandidate = 'mine.gguf'"))
    for name in ("smollm2-135m", str(tmp_path / "mine.gguf"), str(base.paths.data / "models" / "o.gguf")):
        merged = merge_settings(base, {"completion": {"candidate": name, "share": 0.5}})
        assert (merged.completion.candidate, merged.completion.share) == (name, 0.5)
        assert merged.problems == ()
    merged = merge_settings(base, {"completion": {"candidate": str(tmp_path / "evil.gguf")}})
    assert merged.completion == base.completion
    assert [problem.key for problem in merged.problems] == ["completion.candidate"]
    assert "write it into config.toml" in merged.problems[0].message


def test_neither_a_repository_nor_an_organisation_sets_it(tmp_path: Path) -> None:
    said = statement_of_file("repository", tmp_path / ".assist.toml", TABLE.encode())
    assert [problem.key for problem in said.problems][:1] == ["completion"]
    (tmp_path / "policy.toml").write_text(TABLE)
    config = load_lenient(environ(tmp_path), ())
    assert config.completion == CompletionSettings()
    (policy,) = config.organisation
    keys = [problem.key for problem in policy.problems]
    assert keys[:2] == ["completion.candidate", "completion.share"]
