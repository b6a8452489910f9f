"""Large messages are read on a thread, and stay in order with the small ones around them."""

import hashlib
from pathlib import Path

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from bench.editors.lsp_client import serving

URI = "file:///work/large.py"
LINE = 'value = compute("é😀", 1)  # \\ some text\r\n'


async def test_large_changes_stay_in_order_with_small_ones(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[completion]\nmodel = "/nowhere/missing.gguf"\n')
    environ = {"ASSIST_CONFIG_DIR": str(tmp_path), "ASSIST_DATA_DIR": str(tmp_path / "data")}
    lines = [LINE] * 40_000
    async with serving(environ) as client:
        client.show(URI, "".join(lines))
        version = 1
        for first, last, count in ((9, 9, 1), (10, 30_000, 35_000), (0, 1, 0), (5, 9, 20_000), (7, 8, 2)):
            version += 1
            new = [f"{version} {LINE}"] * count
            client.change(URI, version, "".join(new), (first, 0), (last, 0))
            lines[first:last] = new
            if version in (3, 6):
                found = (await client.documents())[URI]
                wanted = "".join([*lines, ""]).encode()
                assert (found["version"], found["sha256"]) == (version, hashlib.sha256(wanted).hexdigest())
        whole = types.TextDocumentContentChangeWholeDocument("x\n" * 100_000)
        document = types.VersionedTextDocumentIdentifier(version + 1, URI)
        client.text_document_did_change(types.DidChangeTextDocumentParams(document, [whole]))
        client.change(URI, version + 2, "y", (0, 0), (0, 1))
        with pytest.raises(JsonRpcException):  # a large request that cannot be read has an answer too
            await client.raw("textDocument/inlineCompletion", {"textDocument": {"uri": ["x" * 300_000]}})
        found = (await client.documents())[URI]
        wanted = ("y\n" + "x\n" * 99_999).encode()
        assert (found["version"], found["sha256"]) == (version + 2, hashlib.sha256(wanted).hexdigest())
        assert "change-out-of-order" not in await client.counts()


async def test_slow_changes_of_few_bytes_stay_in_order(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[completion]\nmodel = "/nowhere/missing.gguf"\n')
    environ = {"ASSIST_CONFIG_DIR": str(tmp_path), "ASSIST_DATA_DIR": str(tmp_path / "data")}
    async with serving(environ) as client:
        client.show(URI, "x = 1\n" * 200_000)
        client.change(URI, 2, "", (1, 0), (199_998, 0))  # three lines are left
        client.change(URI, 3, "y", (0, 0), (0, 1))
        client.change(URI, 4, "z" * 60_000, (1, 0), (1, 0))
        client.change(URI, 5, "w", (1, 1), (1, 2))
        client.change(URI, 3, "late", (0, 0), (0, 1))
        found = (await client.documents())[URI]
        wanted = ("y = 1\nzw" + "z" * 59_998 + "x = 1\nx = 1\n").encode()
        assert (found["version"], found["sha256"]) == (5, hashlib.sha256(wanted).hexdigest())


async def test_a_document_of_more_lines_than_are_kept_is_none_until_it_is_opened_with_fewer(
    tmp_path: Path,
) -> None:
    (tmp_path / "config.toml").write_text('[completion]\nmodel = "/nowhere/missing.gguf"\n')
    environ = {"ASSIST_CONFIG_DIR": str(tmp_path), "ASSIST_DATA_DIR": str(tmp_path / "data")}
    async with serving(environ) as client:
        for version, text in ((1, "x = 1\n"), (2, "\n" * 1_200_000), (3, "y = 1\n")):
            client.show(URI, text, version=version)
            assert (URI in await client.documents()) is (version != 2)
        whole = types.TextDocumentContentChangeWholeDocument("\r\n" * 1_200_000)
        document = types.VersionedTextDocumentIdentifier(4, URI)
        client.text_document_did_change(types.DidChangeTextDocumentParams(document, [whole]))
        assert URI not in await client.documents()
        client.change(URI, 5, "z", (0, 0), (0, 1))
        assert URI not in await client.documents()
