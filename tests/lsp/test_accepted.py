"""What became of accepted ghost text, counted by a real server for a real client, and written at its end."""

import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from lsprotocol import types

from assist_server.records import usage_rows
from assist_server.workspace.folders import key_of
from bench.editors.lsp_client import Client, serving

pytestmark = pytest.mark.model

SOURCE = "import math\n\n\ndef area(radius):\n    return math.p\n"
AT = (4, 17)


async def accept(client: Client, uri: str) -> tuple[int, int]:
    """Accept the suggestion at the cursor as an editor does; where it ends."""
    client.show(uri, SOURCE)
    item = (await client.ask(uri, AT, manual=True)).items[0]
    client.change(uri, 2, item.insert_text, AT, AT)
    await client.workspace_execute_command_async(
        types.ExecuteCommandParams(item.command.command, item.command.arguments)
    )
    return (AT[0], AT[1] + len(item.insert_text))


async def test_what_the_user_keeps_and_takes_back_is_counted_without_any_text(
    environ: Mapping[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "work"
    data = tmp_path / "data"
    for each in (folder, data):
        each.mkdir()
    if (measured := Path(environ["ASSIST_DATA_DIR"]) / "speed.json").is_file():
        shutil.copy(measured, data)
    (folder / "shapes.py").write_text(SOURCE)
    kept = (folder / "shapes.py").as_uri()
    gone = (folder / "other.py").as_uri()
    async with serving({**environ, "ASSIST_DATA_DIR": str(data)}, folders=[folder]) as client:
        await client.until("ready")
        await accept(client, kept)
        client.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(kept)))
        end = await accept(client, gone)
        client.change(gone, 3, "", AT, end)
        for uri in (kept, gone):
            client.text_document_did_close(
                types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri))
            )
    rows = usage_rows.read(data)
    assert {key.repo for key in rows} == {key_of(str(folder))}
    assert {key.language for key in rows} == {"python"}
    counts = sum(rows.values(), Counter())
    assert (counts["shown"], counts["accepted"]) == (2, 2)
    assert {name: counts[name] for name in counts if name.startswith(("kept", "gone"))} == {
        "kept-saved": 1,
        "kept-30s": 1,
        "gone-30s": 1,
    }
    written = (data / usage_rows.FILE).read_text()
    assert not [word for word in ("radius", "math", "shapes", str(tmp_path)) if word in written]
