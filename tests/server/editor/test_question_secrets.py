"""Values of secret files that an editor has open, saved or not, do not leave with questions and ghost text."""

import asyncio
import json
import os
from pathlib import Path

import pytest
from config_files import PROVIDER, write
from repositories import git, make_repository

from assist_context.documents import Document, split_lines
from assist_server.config.config import load_lenient
from assist_server.editor.question import DocumentState, EditorQuestion, WorkspaceSnapshot
from assist_server.editor.question_work import decide_question
from assist_server.editor.session import Session
from assist_server.workspace.documents import Edit, OpenDocument
from assist_server.workspace.folders import make_folders

VALUE = "copper-meadow-41"
CODE = f"def greet(name):\n    return compare(name, '{VALUE}')\n"
DENIED = "[escalation]\nmode = 'auto'\n[egress]\ndeny = ['deploy/**']\n"


def opened_as(path: Path, text: str) -> tuple[str, DocumentState]:
    document = Document(path.name, tuple(split_lines(text)))
    return path.as_uri(), DocumentState(document, os.path.realpath(path), 1)


@pytest.mark.parametrize("command", ["explain", "refactor", "review"])
@pytest.mark.parametrize(("secret", "leaves"), [(".env", False), ("deploy/a.yml", False), ("a.yml", True)])
def test_values_of_secret_files_that_are_not_saved_do_not_leave(
    tmp_path: Path, command: str, secret: str, leaves: bool
) -> None:
    repo, own = make_repository(tmp_path / "repo"), tmp_path / "own"
    own.mkdir()
    config = load_lenient(
        {**os.environ, **write(own, PROVIDER + DENIED), "ASSIST_DATA_DIR": str(own / "data")}, ()
    )
    (repo / "deploy").mkdir()
    (repo / "cart.py").write_text(CODE)
    uri, code = opened_as(repo / "cart.py", CODE)
    opened = dict([(uri, code), opened_as(repo / secret, f"GREETING: {VALUE}\n")])
    snapshot = WorkspaceSnapshot(config, make_folders([str(repo)], own / "data"), opened)
    asked = EditorQuestion(command, uri, words="rename name", wish="frontier")
    prepared = decide_question(asked, snapshot)[0].prepared
    assert prepared is not None
    assert "compare(name" in json.dumps(prepared.messages, default=str)
    assert (VALUE in json.dumps(prepared.messages, default=str)) == leaves


def test_a_link_with_the_name_of_a_secret_file_makes_its_values_known(tmp_path: Path) -> None:
    repo, own = make_repository(tmp_path / "repo"), tmp_path / "own"
    own.mkdir()
    config = load_lenient(
        {**os.environ, **write(own, PROVIDER + DENIED), "ASSIST_DATA_DIR": str(own / "data")}, ()
    )
    (repo / "conf.txt").write_text("")
    (repo / ".env").symlink_to("conf.txt")
    git(repo, "add", "-A")
    (repo / "cart.py").write_text(CODE)
    uri, code = opened_as(repo / "cart.py", CODE)
    opened = dict([(uri, code), opened_as(repo / ".env", f"GREETING={VALUE}\n")])
    snapshot = WorkspaceSnapshot(config, make_folders([str(repo)], own / "data"), opened)
    prepared = decide_question(EditorQuestion("explain", uri, wish="frontier"), snapshot)[0].prepared
    assert prepared is not None
    assert VALUE not in json.dumps(prepared.messages, default=str)


@pytest.mark.parametrize(("path", "named"), [(".env", ""), ("conf.txt", "/work/.env")])
@pytest.mark.parametrize("rest", ["", "A=1\n" * 40_000, "A=x" * 9_000_000])
def test_ghost_text_knows_the_beginning_of_an_open_secret_file_however_long_it_is(
    tmp_path: Path, path: str, named: str, rest: str
) -> None:
    config = load_lenient({**os.environ, **write(tmp_path, ""), "ASSIST_DATA_DIR": str(tmp_path)}, ())
    lines = [f"GREETING={VALUE}\n", *split_lines(rest)]

    async def known() -> list[str]:
        session = Session(config, print, print)  # type: ignore[arg-type]
        session.open_document(OpenDocument("file:///work/.env", path, "", 1, lines, named=named))
        opened = session.secret_texts["file:///work/.env"]
        session.change_document("file:///work/.env", 2, [Edit("Z=2\n", (0, 0), (0, 0))])
        changed = session.secret_texts["file:///work/.env"]
        session.close_document("file:///work/.env")
        assert not session.secret_texts
        return [opened, changed]

    opened, changed = asyncio.run(known())
    assert opened.startswith(f"GREETING={VALUE}\n")
    assert changed.startswith(f"Z=2\nGREETING={VALUE}\n")
    assert len(opened) <= 1_000_000
