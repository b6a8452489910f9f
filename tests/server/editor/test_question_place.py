"""By whose rules an editor's question is asked if the file is outside of the folders that the editor opened."""

import os
import subprocess
from pathlib import Path

import pytest
from config_files import PROVIDER, write

from assist_context.documents import Document
from assist_server.config.config import load_lenient
from assist_server.editor.question import DocumentState, EditorQuestion, WorkspaceSnapshot
from assist_server.editor.question_work import decide_question
from assist_server.errors import UserError
from assist_server.questions.decision import AnswerContext
from assist_server.workspace.documents import get_name, get_path, resolve_path
from assist_server.workspace.folders import make_folders

AUTO = PROVIDER + "[escalation]\nmode = 'auto'\n"
TEXT = "def rate():\n    return 0.37\n"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    repo = tmp_path / "repo"
    for name in ("src/main.py", "private/notes.py", "open/notes.py"):
        (repo / name).parent.mkdir(parents=True)
        (repo / name).write_text(TEXT)
    (repo / ".gitignore").write_text("private/\n")
    subprocess.run(["git", "init", "-q", str(repo)], check=True)
    return repo


def decided(shown: Path, opened: Path) -> AnswerContext:
    """The question about a shown file, where the editor opened a folder."""
    own = shown.parents[1].with_name("own")
    own.mkdir(exist_ok=True)
    environ = {**os.environ, **write(own, AUTO), "ASSIST_DATA_DIR": str(own / "data")}
    config = load_lenient(environ, ())
    state = DocumentState(Document(shown.name, tuple(TEXT.splitlines(True))), os.path.realpath(shown), 1)
    snapshot = WorkspaceSnapshot(config, make_folders([str(opened)], own / "data"), {shown.as_uri(): state})
    question = EditorQuestion("explain", shown.as_uri(), wish="frontier")
    return decide_question(question, snapshot)[0]


def test_a_file_outside_of_the_opened_folder_has_the_rules_of_its_whole_repository(repo: Path) -> None:
    refused = decided(repo / "private" / "notes.py", repo / "src")
    assert (refused.decision.target, refused.root) == ("refused", str(repo))
    assert "git ignores it" in refused.decision.why
    assert decided(repo / "open" / "notes.py", repo / "src").prepared is not None
    assert decided(repo / "private" / "notes.py", repo / "private").prepared is not None


def test_the_folder_of_a_link_has_its_say(repo: Path) -> None:
    (repo / "src" / "notes.py").symlink_to("../open/notes.py")
    assert decided(repo / "src" / "notes.py", repo / "open").prepared is not None
    (repo / "src" / ".assist.toml").write_text("[escalation]\nmode = 'never'\n")
    assert decided(repo / "open" / "notes.py", repo / "open").prepared is not None
    assert decided(repo / "src" / "notes.py", repo / "open").prepared is None


@pytest.mark.parametrize("form", ["git:{}?ref=HEAD", "file://other{}", "vscode-remote://h{}", "file://{}#1"])
def test_a_document_of_another_place_has_no_answer_and_is_no_attachment(repo: Path, form: str) -> None:
    file = repo / "open" / "notes.py"
    elsewhere = form.format(file)
    own = repo.with_name("own")
    own.mkdir()
    config = load_lenient({**os.environ, **write(own, AUTO), "ASSIST_DATA_DIR": str(own / "data")}, ())
    opened = {
        uri: DocumentState(Document(get_name(uri), ("x = 1\n",)), resolve_path(get_path(uri)), 1)
        for uri in (elsewhere, file.as_uri())
    }
    snapshot = WorkspaceSnapshot(config, make_folders([str(repo)], own / "data"), opened)
    with pytest.raises(UserError, match="Save the document in a folder of the workspace first"):
        decide_question(EditorQuestion("explain", elsewhere, wish="frontier"), snapshot)
    with pytest.raises(UserError, match="not a file on this machine"):
        decide_question(EditorQuestion("explain", file.as_uri(), files=(elsewhere,)), snapshot)
