"""Folders of documentation outside of the workspace: their names, and that only their pages are found."""

from pathlib import Path

import pytest

from assist_server.config.config import Config, load_lenient, merge_settings
from assist_server.workspace.folder_index import open_corpus
from assist_server.workspace.folders import docs_folders, make_folders
from assist_server.workspace.index_update import update_index


def configuration(tmp_path: Path, context: str = "") -> Config:
    """What a config.toml with this in its table `[context]` says."""
    (tmp_path / "config").mkdir(exist_ok=True)
    (tmp_path / "config" / "config.toml").write_text(f"[context]\n{context}\n")
    names = {"ASSIST_CONFIG_DIR": "config", "ASSIST_DATA_DIR": "data"}
    return load_lenient({name: str(tmp_path / each) for name, each in names.items()})


@pytest.fixture
def handbook(tmp_path: Path) -> Path:
    """A folder with a page and a script that says the same."""
    folder = tmp_path / "handbook"
    folder.mkdir()
    (folder / "leave.md").write_text("# Leave\n\nAsk the rota for leave two weeks before.\n", newline="\n")
    (folder / "leave.py").write_text("def ask_the_rota_for_leave():\n    return 'two weeks before'\n")
    return folder


def test_docs_have_names_of_their_own_and_never_lie_in_the_workspace(tmp_path: Path, handbook: Path) -> None:
    other = tmp_path / "old" / "handbook"
    other.mkdir(parents=True)
    inside = tmp_path / "shop" / "docs"
    inside.mkdir(parents=True)
    workspace = make_folders([str(tmp_path / "shop")], tmp_path)
    docs = [str(each) for each in (handbook, other, inside, tmp_path / "gone", handbook)]
    found = docs_folders(docs, workspace, tmp_path)
    assert [(each.name, each.root) for each in found] == [
        ("handbook", str(handbook)),
        ("handbook-2", str(other)),
    ]


def test_a_repository_cannot_lead_docs_elsewhere(tmp_path: Path, handbook: Path) -> None:
    clone = tmp_path / "clone"
    (clone / ".git").mkdir(parents=True)
    (clone / "doc").symlink_to(handbook)
    (tmp_path / "mine").symlink_to(handbook)
    found = docs_folders([str(clone / "doc"), str(tmp_path / "mine")], (), tmp_path)
    assert [each.named for each in found] == [str(tmp_path / "mine")]


def test_only_pages_are_found_in_docs(tmp_path: Path, handbook: Path) -> None:
    (folder,) = docs_folders([str(handbook)], (), tmp_path / "data")
    update_index(configuration(tmp_path), folder, lambda *_: None)
    corpus = open_corpus(folder)
    try:
        assert corpus.lines("leave.md")[0] == "# Leave\n"
        assert corpus.hides("leave.py")
        assert not corpus.lines("leave.py")
    finally:
        corpus.reader.close()


def test_an_editor_names_no_docs(tmp_path: Path, handbook: Path) -> None:
    base = configuration(tmp_path, f"docs = ['{handbook}']")
    assert base.context.docs == (str(handbook),)
    merged = merge_settings(base, {"context": {"docs": ["/etc"]}})
    assert merged.context.docs == (str(handbook),)
    assert [problem.key for problem in merged.problems] == ["context.docs"]


def test_docs_may_be_relative_to_the_settings(tmp_path: Path) -> None:
    found = configuration(tmp_path, 'docs = ["handbook", "~/handbook"]').context.docs
    assert found == (str(tmp_path / "config" / "handbook"), str(Path.home() / "handbook"))
    assert [each.key for each in configuration(tmp_path, 'docs = [""]').problems] == ["context.docs"]
