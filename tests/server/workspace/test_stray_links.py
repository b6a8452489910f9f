"""Which links on the way to a named file lead out of where they lie."""

import subprocess
from pathlib import Path

import pytest

from assist_server.workspace.folders import find_alias, stray_link


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A repository with links in it, a plain folder with one, and links from outside into the repository."""
    for name in ("repo/src", "repo/inner", "plain/sub", "private"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("repo", "repo/inner"):
        subprocess.run(["git", "init", "-q", str(tmp_path / name)], check=True)
    for name in ("repo/src/a.py", "private/diary.py", "plain/sub/a.py"):
        (tmp_path / name).write_text("a = 1\n")
    for link, target in {
        "repo/diary.py": "../private/diary.py",
        "repo/chain.py": "src/next.py",
        "repo/src/next.py": str(tmp_path / "private/diary.py"),
        "repo/folder": "../private",
        "repo/here.py": "src/a.py",
        "repo/inner/up.py": "../src/a.py",
        "plain/diary.py": "../private/diary.py",
        "plain/here.py": "sub/a.py",
        "way": "repo",
        "through": "repo/folder",
    }.items():
        (tmp_path / link).symlink_to(target)
    return tmp_path


STRAY = [
    ("repo", "diary.py", "repo/diary.py"),
    ("repo", "chain.py", "repo/chain.py"),
    ("repo", "folder/diary.py", "repo/folder"),
    ("repo", "folder/../folder/diary.py", "repo/folder"),
    ("repo", "gone/../diary.py", "repo/diary.py"),
    ("plain", "diary.py", "plain/diary.py"),
    ("plain", "../repo/diary.py", "repo/diary.py"),
    ("plain", "../way/diary.py", "repo/diary.py"),
    ("plain", "../through/diary.py", "repo/folder"),  # the second link on the way
    ("repo", "inner/up.py", "repo/inner/up.py"),  # a repository inside is one of its own
]


@pytest.mark.parametrize(("base", "path", "link"), STRAY)
def test_a_link_out_of_its_repository_or_workspace(place: Path, base: str, path: str, link: str) -> None:
    roots = [str(place / "plain"), str(place / "repo")]
    found = stray_link(str(place / base), path, roots)
    assert found is not None
    assert found.link == str(place / link)
    assert stray_link(str(place / base), str(place / base / path), roots) == found


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("repo", "here.py"), ("repo", "src/a.py"), ("plain", "here.py"), ("private", "../way/here.py"),
        ("repo", "no.such"), ("repo", ""), ("repo/src", "../here.py"), ("repo", "Cart.total"),
    ],
)  # fmt: skip
def test_links_that_stay_inside_and_links_into_a_folder_are_allowed(
    place: Path, base: str, path: str
) -> None:
    roots = [str(place / base)]
    assert stray_link(str(place / base), path, roots) is None


def test_links_that_lead_to_themselves_end(place: Path) -> None:
    (place / "repo" / "loop").symlink_to("loop")
    assert stray_link(str(place / "repo"), "loop/a.py", [str(place / "repo")]) is None


def test_the_name_that_a_link_has_inside_the_folder_is_known(place: Path) -> None:
    root = str(place / "repo")
    assert find_alias(root, f"{root}/here.py") == "here.py"
    assert find_alias(root, f"{root}/src/../here.py") == "here.py"
    assert find_alias(root, f"{root}/src/a.py") == ""
    assert find_alias(root, f"{place}/way/here.py", f"{place}/way") == "here.py"
    assert find_alias(root, f"{place}/way/src/a.py", f"{place}/way") == ""
    assert find_alias(root, f"{place}/private/diary.py") == ""
