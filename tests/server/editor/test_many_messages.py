"""Hundreds of messages of one kind cost the work of one, and what they change counts at once."""

import asyncio
from pathlib import Path

from ghost_desk import URI, writing

from assist_server.workspace.documents import MAX_LINES, Edit, OpenDocument


async def test_500_changes_of_folders_are_one_reopening(tmp_path: Path) -> None:
    roots = [tmp_path / name for name in ("one", "two")]
    for root in roots:
        root.mkdir()
    async with writing(tmp_path, real_path=str(roots[1] / "a.py")) as desk:
        session = desk.session
        opened: list[list[str]] = []
        session.on_folders = lambda: opened.append([folder.name for folder in session.workspace.folders])
        session.open_folders([str(roots[0])])
        for number in range(500):
            session.change_folders(list(map(str, roots[: 1 + number % 2])))
        assert len(opened) == 1
        async with asyncio.timeout(60):
            while len(opened) < 2:
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        assert opened == [[""], ["one", "two"]]
        assert session.documents.by_uri[URI].path == "two/a.py"


async def test_a_folder_that_is_left_is_left_at_once(tmp_path: Path) -> None:
    async with writing(tmp_path) as desk:
        desk.session.open_folders([str(tmp_path)])
        assert [folder.root for folder in desk.session.workspace.folders] == [str(tmp_path)]
        desk.session.change_folders([])
        assert not desk.session.workspace.folders


async def test_data_is_searched_for_no_other_document(tmp_path: Path) -> None:
    async with writing(tmp_path) as desk:
        documents = desk.session.documents
        data = OpenDocument("file:///data.py", "/data.py", "", 1, ["x\n"] * (MAX_LINES + 1))
        desk.session.open_document(data)
        assert [document.uri for document in documents.latest()] == [URI]
        edits = [Edit("y\n" * MAX_LINES, (0, 0), (MAX_LINES, 0))]
        desk.session.change_document(data.uri, 2, edits, data.lines_after(edits))
        assert data.lines[0] == "y\n"
        assert data.version == 2
