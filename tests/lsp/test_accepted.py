"""What became of accepted ghost text, counted by a real server for a real client, and written at its end."""

import os
import signal
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from fake_lsp import knowing
from forked_servers import FakeModelClient, ForkedClient
from lsprotocol import types

from assist_evaluation.usage import usage_rows
from assist_server.workspace.folders import make_key
from bench.editors.lsp_client import Client, serving

pytestmark = pytest.mark.slow

SOURCE = "import math\n\n\ndef area(radius):\n    return math.p\n"
KNOWN = SOURCE[:-1] + "i * radius**2\n"
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
    home: Mapping[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    data = Path(home["ASSIST_DATA_DIR"])
    (folder / "shapes.py").write_text(SOURCE)
    kept = (folder / "shapes.py").as_uri()
    gone = (folder / "other.py").as_uri()
    async with serving(knowing(home, KNOWN), folders=[folder], make=ForkedClient) as client:
        await client.until("ready")
        await accept(client, kept)
        client.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(kept)))
        end = await accept(client, gone)
        client.change(gone, 3, "", AT, end)
        for uri in (kept, gone):
            client.text_document_did_close(
                types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri))
            )
    rows = {key: counts for key, counts in usage_rows.read(data).items() if key.is_ghost_text}
    assert {key.repo for key in rows} == {make_key(str(folder))}
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


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends a process without telling it")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
async def test_a_server_that_is_ended_by_a_signal_writes_its_counts(
    home: Mapping[str, str], name: str
) -> None:
    data = Path(home["ASSIST_DATA_DIR"])
    async with serving(knowing(home, KNOWN), make=FakeModelClient) as client:
        await client.until("ready")
        await accept(client, "file:///work/a.py")
        os.kill(client.pid, getattr(signal, name))
        assert client._server is not None
        assert await client._server.wait() == 0
    rows = usage_rows.read(data)
    counts = sum((rows[key] for key in rows if key.is_ghost_text), Counter())
    assert {each: counts[each] for each in ("shown", "offered", "accepted", "kept-30s")} == {
        "shown": 1,
        "offered": 1,
        "accepted": 1,
        "kept-30s": 1,
    }
