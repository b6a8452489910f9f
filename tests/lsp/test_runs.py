"""Code of a project of strangers runs in an editor's server after a yes to its question, and never else."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from talker import Talker, indexed, open_talker
from trap_project import FIXED, PATH, WRONG, needs_sandbox, trap_project
from vendor import provider, scripted_answer

pytestmark = [pytest.mark.slow, needs_sandbox()]


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    with trap_project(tmp_path) as place:
        yield place


async def fixed(client: Talker, root: Path) -> Any:
    """The last message of a fix."""
    uri = (root / "prices.py").as_uri()
    start = {"line": 0, "character": 0}
    place = {"start": start, "end": start}
    _, end = await client.whole("fix", uri=uri, range=place, words="10 comes out wrong", wish="frontier")
    return end


def is_question(text: str) -> bool:
    return "assist runs the code of" in text


async def test_a_fix_asks_once_and_a_no_is_kept(tmp_path: Path, root: Path, home: Mapping[str, str]) -> None:
    with provider(tmp_path, *[scripted_answer(FIXED)] * 2):
        settings = {"answers": {"run": "sandbox"}}  # as a workspace's own settings may say
        async with open_talker({**home, "PATH": PATH}, root) as client:
            client.workspace_did_change_configuration(types.DidChangeConfigurationParams(settings))
            await indexed(client)  # which tests there are
            client.show((root / "prices.py").as_uri(), WRONG)
            client.sends = False
            first = await fixed(client, root)
            assert (first.edit.files, first.proof) == (["prices.py"], "none")
            assert len(list(filter(is_question, client.previews))) == 1
            second = await fixed(client, root)
            assert second.proof == "none"
            assert len(list(filter(is_question, client.previews))) == 1
    agreed = json.loads((tmp_path / "data" / "agreed-runs.json").read_text())["agreed"]
    assert agreed == {str(root): "declined"}
