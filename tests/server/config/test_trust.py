"""A repository's file must be accepted when it is new, changed or gone; and how it is found and read."""

import json
import os
import stat
import subprocess
from pathlib import Path

import pytest
from config_files import PROVIDER, write

from assist_server.config.config import Config, ConfigError, load
from assist_server.config.permissions import permissions_for
from assist_server.config.repository_file import (
    MAX_BYTES,
    candidate_files,
    read_raw,
    repositories,
    trust,
    trust_state,
)

DENY = "[egress]\ndeny = ['infra/**']\n"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return load(write(tmp_path, PROVIDER + "[escalation]\nmode = 'auto'\n"))


def accept(repo: Path, data: Path) -> None:
    trust(repositories(repo, data), data)


def denied(config: Config, repo: Path) -> tuple[str, list[str]]:
    found = permissions_for(config, [str(repo)])[0]
    return found.mode, [glob.pattern for glob in found.deny]


def test_its_life(config: Config, repo: Path) -> None:
    data, file = config.paths.data, repo / ".assist.toml"
    assert (trust_state(repo, data), denied(config, repo)) == ("none", ("auto", []))
    file.write_text(DENY)
    assert (trust_state(repo, data), denied(config, repo)) == ("new", ("never", ["infra/**"]))
    accept(repo, data)
    assert (trust_state(repo, data), denied(config, repo)) == ("trusted", ("auto", ["infra/**"]))
    file.write_text("[egress]\ndeny = ['docs/**']\n")  # both the old and the new file apply
    assert (trust_state(repo, data), denied(config, repo)) == ("changed", ("never", ["docs/**", "infra/**"]))
    file.write_text(DENY)  # changed back
    assert (trust_state(repo, data), denied(config, repo)) == ("trusted", ("auto", ["infra/**"]))
    file.unlink()
    assert (trust_state(repo, data), denied(config, repo)) == ("changed", ("never", ["infra/**"]))
    accept(repo, data)
    assert (trust_state(repo, data), denied(config, repo)) == ("none", ("auto", []))


def test_an_accepted_file_that_is_gone_is_told_once_with_what_ends_it(config: Config, repo: Path) -> None:
    (repo / ".assist.toml").write_text("[escalation]\nproviders = ['team']\n")
    accept(repo, config.paths.data)
    (repo / ".assist.toml").unlink()
    [problem] = permissions_for(config, [str(repo)])[1]
    assert "is gone: nothing leaves from there until you accept that with `assist config trust`" in str(
        problem
    )
    assert denied(config, repo)[0] == "never"


def test_the_user_is_told_only_where_something_could_leave(
    config: Config, repo: Path, tmp_path: Path
) -> None:
    (repo / ".assist.toml").write_text(DENY)
    [problem] = permissions_for(config, [str(repo)])[1]
    assert (
        "is new: nothing leaves from there until you accept that with `assist config trust`"
        in problem.message
    )
    write(tmp_path, PROVIDER)
    assert permissions_for(load(write(tmp_path, PROVIDER)), [str(repo)])[1] == ()


def test_what_was_shown_is_accepted_not_what_stands_there_by_now(config: Config, repo: Path) -> None:
    data, file = config.paths.data, repo / ".assist.toml"
    file.write_text(DENY)
    shown = repositories(repo, data)
    file.write_text("")
    trust(shown, data)
    assert trust_state(repo, data) == "changed"


def test_a_file_with_an_error_cannot_be_accepted(config: Config, repo: Path) -> None:
    (repo / ".assist.toml").write_text("[egress]\ndenny = []\n")
    with pytest.raises(ConfigError, match="denny: no such setting"):
        accept(repo, config.paths.data)
    assert trust_state(repo, config.paths.data) == "new"


def test_the_record_is_private_and_knows_the_hash(config: Config, repo: Path) -> None:
    (repo / ".assist.toml").write_bytes(b"\xef\xbb\xbf" + DENY.encode())
    accept(repo, config.paths.data)
    record = config.paths.data / "trusted.json"
    assert stat.S_IMODE(record.stat().st_mode) == 0o600
    assert os.listdir(config.paths.data) == ["trusted.json"]
    assert list(json.loads(record.read_text())["accepted"]) == [str(repo / ".assist.toml")]
    assert trust_state(repo, config.paths.data) == "trusted"


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b'{"accepted": 5}', b'{"accepted": {"/x": {"text": "a"}}}',
     b'{"accepted": {"/x": {"text": "a", "sha256": "b"}}}', b'{"accepted": {"/x": "a"}}', b"\xff",
     b"[" * 100_000],
)  # fmt: skip
def test_a_damaged_record_stops_egress(config: Config, repo: Path, content: bytes) -> None:
    config.paths.data.mkdir()
    (config.paths.data / "trusted.json").write_bytes(content)
    found, problems = permissions_for(config, [str(repo)])
    assert found.mode == "never"
    assert "is damaged: delete it" in problems[0].message


def test_all_files_up_to_the_top_of_the_repository_hold(config: Config, repo: Path, tmp_path: Path) -> None:
    inner = repo / "services" / "pay"
    inner.mkdir(parents=True)
    (tmp_path / ".assist.toml").write_text("[egress]\ndeny = ['above']\n")
    (repo / ".assist.toml").write_text("[egress]\ndeny = ['top']\n")
    (inner / ".assist.toml").write_text("[egress]\ndeny = ['inner']\n")
    assert candidate_files(inner) == (
        inner / ".assist.toml",
        repo / "services" / ".assist.toml",
        repo / ".assist.toml",
    )
    assert denied(config, inner) == ("never", ["inner", "top"])
    accept(inner, config.paths.data)
    assert denied(config, inner) == ("auto", ["inner", "top"])
    assert denied(config, repo) == ("auto", ["top"])
    assert candidate_files(tmp_path / "elsewhere") == (tmp_path / "elsewhere" / ".assist.toml",)


def test_a_link_within_the_folder_is_followed_and_out_of_it_refused(
    config: Config, repo: Path, tmp_path: Path
) -> None:
    (repo / "rules.toml").write_text(DENY)
    (repo / ".assist.toml").symlink_to("rules.toml")
    accept(repo, config.paths.data)
    assert denied(config, repo) == ("auto", ["infra/**"])
    (tmp_path / "rules.toml").write_text(DENY)
    (repo / ".assist.toml").unlink()
    (repo / ".assist.toml").symlink_to("../rules.toml")
    assert denied(config, repo) == ("never", ["infra/**"])
    with pytest.raises(ConfigError, match="is a link to a place outside its folder"):
        read_raw(repo / ".assist.toml")


def test_what_is_no_file_of_text_is_refused(repo: Path) -> None:
    file = repo / ".assist.toml"
    assert read_raw(file) is None
    file.symlink_to("nothing")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_raw(file)
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(ConfigError, match="is not a regular file"):
        read_raw(file)
    file.unlink()
    file.mkdir()
    with pytest.raises(ConfigError, match=r"is not a regular file|cannot be read"):
        read_raw(file)


@pytest.mark.parametrize("content", ["# x\n" * (MAX_BYTES // 4 + 1), "a." * 1001 + "a = 1"])
def test_a_file_that_costs_too_much_is_refused(config: Config, repo: Path, content: str) -> None:
    (repo / ".assist.toml").write_text(content)
    found, problems = permissions_for(config, [str(repo)])
    assert found.mode == "never"
    assert "is too long" in problems[0].message


def test_an_empty_git_below_does_not_hide_the_rules_of_the_top(
    config: Config, repo: Path, tmp_path: Path
) -> None:
    subprocess.run(["git", "init", "-q", str(repo)], check=True)
    (repo / ".assist.toml").write_text(DENY)
    for name, make in (("file", Path.touch), ("folder", Path.mkdir)):
        (repo / name).mkdir()
        make(repo / name / ".git")
        assert denied(config, repo / name) == ("never", ["infra/**"])
