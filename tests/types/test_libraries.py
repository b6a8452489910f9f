"""Ghost text is checked against what is installed, from the index of a folder to the refuted access."""

import os
from pathlib import Path

import pytest

from assist_context.documents import Cursor, Document, MemberAccess, TextNames, split_lines
from assist_context.languages import language_of
from assist_server.config.config import load
from assist_server.workspace.document_search import DocumentSearch
from assist_server.workspace.folder_search import FolderSearch
from assist_server.workspace.index_update import open_folder, update_index
from assist_server.workspace.members import library_document, make_oracles

pytestmark = pytest.mark.slow

APP = """import lib
from lib import Client, make


def send(client: Client, given):
    other = Client("a")
    with lib.Client() as third:
        pass
    return
"""
LIB = (
    "class Client:\n    def get(self): ...\n    def __enter__(self): return self\ndef make() -> Client: ...\n"
)


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_member_that_a_library_does_not_have_is_refuted(tmp_path: Path) -> None:
    root = tmp_path / "work"
    put(root / "app.py", APP)
    put(root / ".gitignore", ".venv\n")
    put(root / ".venv/pyvenv.cfg", "")
    site = root / ".venv/lib/python3.11/site-packages"
    put(site / "lib/__init__.py", LIB)
    put(site / "lib-1.0.dist-info/RECORD", "lib/__init__.py,,\n")
    config = load({"ASSIST_DATA_DIR": str(tmp_path / "data"), "ASSIST_CONFIG_DIR": str(tmp_path / "config")})
    folder = open_folder(config, root)
    update_index(config, folder, lambda *_: None, [str(root / "app.py")])
    assert library_document(config)["packages"] == 2  # it, and what is built in
    pairs = [
        ("client", "get"), ("client", "post"), ("other", "post"), ("lib", "Client"), ("lib", "Session"),
        ("given", "post"), ("make()", "text"), ("make()", "get"), ("lib.Client", "post"), ("third", "put"),
    ]  # fmt: skip
    names = TextNames(accesses=frozenset(MemberAccess(*pair) for pair in pairs))
    expected = {
        ("client", "post"), ("other", "post"), ("lib", "Session"), ("make()", "text"), ("lib.Client", "post"),
    }  # fmt: skip
    document = Document("app.py", split_lines(APP), language_of("app.py"))
    wanted: list[bool] = []
    search = FolderSearch(folder, make_oracles(config))
    refuted = search.refute(document, Cursor(8, 4), names).accesses
    search.close()
    assert {(access.receiver, access.member) for access in refuted} == expected
    live = DocumentSearch([folder], make_oracles(config, lambda: wanted.append(True)))
    path = os.path.join(folder.root, "app.py")
    opened = Document(path, document.lines, document.language)
    assert {(a.receiver, a.member) for a in live.refute(opened, Cursor(8, 4), names).accesses} == expected
    assert wanted == []
    os.rename(site / "lib-1.0.dist-info", site / "lib-2.0.dist-info")
    live.close()
    newer = DocumentSearch([folder], make_oracles(config, lambda: wanted.append(True)))
    assert newer.refute(opened, Cursor(8, 4), names).accesses == frozenset()
    newer.close()
    assert wanted == [True]
