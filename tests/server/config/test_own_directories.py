"""Settings and data that a workspace could bring along close the gate; a user's own never do."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from config_files import PROVIDER, environ, write

from assist_server.config.config import Config, ConfigError, load, load_lenient
from assist_server.config.own_directories import exposed_problems, misplaced_problems, usual_directory
from assist_server.config.permissions import permissions_for

AUTO = PROVIDER + "[escalation]\nmode = 'auto'\n"
CONFIG = "ASSIST_CONFIG_DIR"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    repo = tmp_path / "repo"
    (repo / "sub").mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(repo)], check=True)
    return repo


def made(folder: Path, data: Path) -> Config:
    folder.mkdir(parents=True, exist_ok=True)
    return load({**write(folder, AUTO), "ASSIST_DATA_DIR": str(data)})


def test_settings_outside_of_the_repository_count(repo: Path, tmp_path: Path) -> None:
    config = made(tmp_path / "own", tmp_path / "data")
    assert permissions_for(config, [str(repo / "sub")])[0].mode == "auto"


def inside(repo: Path, tmp_path: Path) -> Config:
    return made(repo / "deep" / ".assist", tmp_path / "data")


def data_inside(repo: Path, tmp_path: Path) -> Config:
    return made(tmp_path / "own", repo / ".data")


def link_into(repo: Path, tmp_path: Path) -> Config:
    (repo / "real").mkdir()
    (tmp_path / "own").symlink_to(repo / "real")
    return made(tmp_path / "own", tmp_path / "data")


def link_out(repo: Path, tmp_path: Path) -> Config:
    (tmp_path / "real").mkdir()
    (repo / "own").symlink_to(tmp_path / "real")
    return made(repo / "own", tmp_path / "data")


def policy_inside(repo: Path, tmp_path: Path) -> Config:
    (repo / "xdg").mkdir()
    (repo / "xdg" / "policy.toml").write_text(PROVIDER)
    (tmp_path / "own").mkdir()
    return load_lenient(write(tmp_path / "own", AUTO), (repo / "xdg",))


@pytest.mark.parametrize("place", [inside, data_inside, link_into, link_out, policy_inside])
def test_settings_of_the_repository_send_nothing_and_it_is_said(
    repo: Path, tmp_path: Path, place: Callable[[Path, Path], Config]
) -> None:
    config = place(repo, tmp_path)
    elsewhere = str(tmp_path / "elsewhere")
    for roots, folders, kind in (
        ([str(repo / "sub")], [], "workspace"),
        ([elsewhere], [str(repo)], "workspace"),
        ([elsewhere], [], "repository"),
    ):
        found, problems = permissions_for(config, roots, folders)
        assert found.mode == "never"
        [said] = [each.message for each in problems if "could bring its own" in each.message]
        assert f"is in the {kind} {repo}" in said


def submodule(repo: Path, _: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(repo / "lib")], check=True)
    return repo / "lib"


def work_tree(repo: Path, tmp_path: Path) -> Path:
    named = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for step in (
        ["commit", "-q", "--allow-empty", "-m", "a"],
        ["worktree", "add", "-q", str(tmp_path / "t")],
    ):
        subprocess.run(["git", "-C", str(repo), *named, *step], check=True)
    return tmp_path / "t"


@pytest.mark.parametrize("place", [submodule, work_tree])
def test_settings_of_the_repository_around_or_of_another_work_tree_send_nothing(
    repo: Path, tmp_path: Path, place: Callable[[Path, Path], Path]
) -> None:
    config = made(repo / ".tools" / "assist", tmp_path / "data")
    assert permissions_for(config, [str(place(repo, tmp_path))])[0].mode == "never"


def test_the_usual_place_of_a_login_is_its_own_even_where_home_is_a_repository() -> None:
    usual = usual_directory(CONFIG)
    assert usual is not None
    home = usual.parents[1] if usual.parent.name == ".config" else usual.parents[2]
    for workspace in (home, usual.parent, usual):
        assert not list(misplaced_problems([(CONFIG, usual)], [str(workspace)]))
    assert list(misplaced_problems([(CONFIG, home / "elsewhere" / "assist")], [str(home)]))
    assert not list(misplaced_problems([("", Path("/etc/xdg/assist"))], ["/etc"]))


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        (CONFIG, ".cfg"),
        ("ASSIST_DATA_DIR", "./data"),
        ("XDG_CONFIG_HOME", "x"),
        ("XDG_CONFIG_DIRS", "/etc/xdg:x"),
        (CONFIG, "~no-such-user/c"),
    ],
)
def test_a_relative_directory_is_an_error_and_no_server_sends_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.chdir(tmp_path)
    named = {**write(tmp_path, AUTO), **({} if variable.startswith("ASSIST") else {CONFIG: ""})}
    with pytest.raises(ConfigError, match="is relative"):
        load({**named, variable: value})
    lenient = load_lenient({**named, variable: value}, ())
    assert lenient.escalation.mode == "never"
    assert lenient.paths.config.is_absolute()
    assert not lenient.paths.config.is_relative_to(tmp_path / ".cfg")


def test_directories_that_were_moved_are_known(tmp_path: Path) -> None:
    assert load(environ(tmp_path)).paths.moved == ("config", "data")
    usual = {name: str(usual_directory(name)) for name in (CONFIG, "ASSIST_DATA_DIR")}
    assert load_lenient(usual, ()).paths.moved == ()


def test_where_modes_mean_nothing_a_directory_outside_of_the_profile_lets_nothing_leave(
    tmp_path: Path,
) -> None:
    profile = tmp_path / "Users" / "Ann"
    inside = ("ASSIST_CONFIG_DIR", tmp_path / "users" / "ann" / "AppData" / "assist")
    outside = ("ASSIST_DATA_DIR", tmp_path / "shared" / "assist")
    (problem,) = exposed_problems([inside, outside], str(profile))
    assert (problem.key, problem.source) == ("ASSIST_DATA_DIR", str(outside[1]))
    assert "other users" in str(problem)
    assert list(exposed_problems([inside, outside], "")) == []  # where modes say what is private


def test_a_link_out_of_the_profile_is_outside(tmp_path: Path) -> None:
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann" / "assist").symlink_to(tmp_path / "shared")
    assert list(exposed_problems([("ASSIST_DATA_DIR", tmp_path / "ann" / "assist")], str(tmp_path / "ann")))


def test_a_directory_in_a_workspace_is_found_by_another_case_where_no_case_counts(tmp_path: Path) -> None:
    inside = [(CONFIG, tmp_path / "SHOP" / "settings")]
    (problem,) = misplaced_problems(inside, [str(tmp_path / "shop")], fold=True)
    assert problem.key == CONFIG
    assert not list(misplaced_problems(inside, [str(tmp_path / "shop")], fold=False))
