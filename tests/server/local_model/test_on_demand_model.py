"""The model of a command is opened once, meanwhile where that is asked for, and given back in any case."""

from pathlib import Path

import pytest
from config_files import write

from assist_completion.errors import ModelError
from assist_server.config.config import Config, load_lenient
from assist_server.local_model.on_demand_model import OnDemandModel
from assist_server.local_model.sharing.messages import folder_of


def model_in(config: Config, file: Path | None, said: list[str]) -> OnDemandModel:
    return OnDemandModel(config, lambda: file, said.append)


@pytest.mark.model
async def test_a_model_that_was_begun_is_opened_once_and_closed_if_it_is_not_needed(
    tmp_path: Path, own_data: Path, model_path: Path
) -> None:
    config = load_lenient(write(tmp_path, f'[completion]\nmodel = "{model_path}"\n'))
    said: list[str] = []
    model = model_in(config, model_path, said)
    model.begin()
    opened = await model.load()
    assert await model.load() is opened
    assert sum("loading" in message for message in said) == 1
    model.close()
    unneeded = model_in(config, model_path, said)
    unneeded.begin()
    unneeded.close()
    assert sum("loading" in message for message in said) == 2


async def test_what_prevents_it_is_said_when_it_is_needed(tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"GGUF" + bytes(100))
    config = load_lenient(write(tmp_path, f'[completion]\nmodel = "{tmp_path / "bad.gguf"}"\n'))
    model = model_in(config, tmp_path / "bad.gguf", [])
    model.begin()
    with pytest.raises(ModelError, match=r"bad\.gguf"):
        await model.load()
    model.begin()
    model.close()


def test_nothing_is_begun_where_there_is_no_file_or_a_server_may_have_it_open(tmp_path: Path) -> None:
    config = load_lenient(write(tmp_path, ""))
    said: list[str] = []
    model_in(config, None, said).begin()
    folder_of(config.paths.data).mkdir(mode=0o700, parents=True)
    (folder_of(config.paths.data) / "1.sock").touch()
    model = model_in(config, tmp_path / "none.gguf", said)
    model.begin()
    model.close()
    assert said == []
