"""Missing, damaged or unsuitable models: the server says so, keeps running, and completes once it can."""

import asyncio
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from bench.editors.lsp_client import serving

pytestmark = pytest.mark.model

URI = "file:///work/a.py"
Spoil = Callable[[Path, Path], None]


def truncated(good: Path, bad: Path) -> None:
    with good.open("rb") as source, bad.open("wb") as target:
        target.write(source.read(60 << 20))


def make_damaged(good: Path, bad: Path) -> None:
    """Overwrites the metadata with zeros, as a bad disk would."""
    shutil.copyfile(good, bad)
    with bad.open("r+b") as file:
        file.seek(2_000)
        file.write(bytes(4_096))


def no_gguf(good: Path, bad: Path) -> None:
    bad.write_bytes(b"<html>404</html>" * 1000)


def without_infilling(good: Path, bad: Path) -> None:
    """The real model with its infilling tokens renamed."""
    shutil.copyfile(good, bad)
    with bad.open("r+b") as file:
        start = file.read(8 << 20)
        for token in (b"<|fim_prefix|>", b"<|fim_middle|>", b"<|fim_suffix|>"):
            assert start.count(token) == 1
            file.seek(start.index(token))
            file.write(b"<|nix" + token[5:])


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (truncated, "truncated|cut short|incomplete|ends"),
        (make_damaged, "cannot load|crashes|damaged|broken|not a GGUF"),
        (no_gguf, "GGUF"),
        (without_infilling, "no fill-in-the-middle tokens"),
    ],
)
async def test_an_unfit_file_is_refused_with_the_reason(
    environ: Mapping[str, str], model_path: Path, tmp_path: Path, spoil: Spoil, told: str
) -> None:
    bad = tmp_path / "bad.gguf"
    spoil(model_path, bad)
    _configure(environ, bad)
    async with serving(environ) as client:
        await client.until("failed")
        message = client.statuses[-1].message
        assert any(word in message for word in told.split("|")), message
        assert str(bad) in message
        client.show(URI, "def f():\n    ")
        assert client.result is not None
        assert (await client.ask(URI, (1, 4))).items == ()
        assert (await client.counts())["failed"] == 1


async def test_a_missing_model_is_named_and_found_when_it_comes(
    environ: Mapping[str, str], model_path: Path, tmp_path: Path
) -> None:
    late = tmp_path / "late.gguf"
    _configure(environ, late)
    async with serving(environ) as client:
        await client.until("missing", "failed")
        assert str(late) in client.statuses[-1].message
        client.show(URI, "import os\n\nprint(os.pa")
        late.symlink_to(model_path)
        await asyncio.sleep(3.2)
        await client.ask(URI, (2, 11))
        await client.until("ready")
        assert re.fullmatch(r"(native|fetched|prebuilt) \(.+\)", client.statuses[-1].engine)
        assert (await client.ask(URI, (2, 11), manual=True)).items


async def test_a_config_that_cannot_be_read_is_told_and_the_server_starts(environ: Mapping[str, str]) -> None:
    (Path(environ["ASSIST_CONFIG_DIR"]) / "config.toml").write_bytes(b"[completion]\nmode = \xff\n")
    async with serving(environ) as client:
        await client.until("ready", "missing")
        assert any("config.toml" in message for message in client.messages)


async def test_an_editor_gives_a_model_a_role_and_its_own_settings_still_count(
    environ: Mapping[str, str], model_path: Path, tmp_path: Path
) -> None:
    models = tmp_path / "data" / "models"
    models.mkdir(parents=True)
    (models / model_path.name).symlink_to(model_path)
    own = {**environ, "ASSIST_DATA_DIR": str(tmp_path / "data")}
    async with serving(own, options={"completion": {"mode": "quiet"}}) as client:

        async def run(command: str, *arguments: object) -> dict[str, Any]:
            params = types.ExecuteCommandParams(f"assist.{command}", list(arguments))
            return dict(await client.workspace_execute_command_async(params))

        assert (await run("models"))["answers"] == str(model_path)
        wanted = {"name": "qwen2.5-coder-0.5b", "for": "answers"}
        found = await run("useModel", wanted)
        assert (found["answers"], found["ghost_text"]) == ("qwen2.5-coder-0.5b", str(model_path))
        assert found["error"] is None
        assert "qwen2.5-coder-0.5b" in (tmp_path / "config" / "config.toml").read_text()
        refused = await run("useModel", {"name": "qwen2.5-coder-1.5b"})
        assert "assist models pull" in refused["error"]
        assert refused["answers"] == "qwen2.5-coder-0.5b"


def _configure(environ: Mapping[str, str], model: Path) -> None:
    config = Path(environ["ASSIST_CONFIG_DIR"]) / "config.toml"
    config.write_text(f'[completion]\nmodel = "{model}"\nmode = "eager"\n')
