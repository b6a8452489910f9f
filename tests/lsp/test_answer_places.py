"""The rules of the place hold for an editor's questions too: links, what git ignores, one budget."""

import asyncio
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from asked_shop import CART
from talker import Talker, open_talker
from vendor import provider, scripted_answer

from assist_server.config.config import load_lenient
from assist_server.questions.composition import make_scope
from assist_server.workspace.folders import make_folders

pytestmark = pytest.mark.slow


@pytest.fixture
def repo(shop: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(shop)], check=True)
    return shop


async def test_links_out_and_what_git_ignores_stay(
    tmp_path: Path, repo: Path, home: Mapping[str, str]
) -> None:
    shop = repo
    (shop / ".git" / "info" / "exclude").write_text("private.py\n")
    (tmp_path / "diary.py").write_text("diary = 'MARKER-OUTSIDE'\n")
    (shop / "diary.py").symlink_to("../diary.py")
    (shop / "private.py").write_text("def gross(net):\n    return 'MARKER-PRIVATE'\n")
    with provider(tmp_path, scripted_answer("fine")) as acme:
        async with open_talker(home, shop) as client:
            errors = []
            for name in ("diary.py", "private.py"):
                uri = (shop / name).as_uri()
                client.show(uri, (shop / name).read_text())
                errors.append((await client.whole("explain", uri=uri, wish="frontier"))[1].error)
            uri = (shop / "shop" / "cart.py").as_uri()
            client.show(uri, CART)
            _, end = await client.whole("explain", uri=uri, wish="frontier")
    assert end.error is None
    assert "is a link to a file outside" in errors[0]
    assert "git ignores it" in errors[1]
    [request] = acme.requests
    assert b"MARKER" not in request.body


def test_two_folders_of_one_repository_share_its_budget_and_others_have_their_own(tmp_path: Path) -> None:
    for name in ("repo/a", "repo/b", "plain/a"):
        (tmp_path / name).mkdir(parents=True)
    subprocess.run(["git", "init", "-q", str(tmp_path / "repo")], check=True)
    top = str(tmp_path / "repo")
    data = load_lenient({"ASSIST_DATA_DIR": str(tmp_path)}, ()).paths.data
    for root in ("repo", "repo/a", "repo/b"):
        assert make_scope([str(tmp_path / root)]).repo == top
    opened = make_folders([str(tmp_path / "repo" / "a")], data)
    assert make_scope([each.root for each in opened]).repo == top
    assert make_scope([str(tmp_path / "plain" / "a")]).repo == str(tmp_path / "plain" / "a")


async def is_indexed(client: Talker, folder: Path) -> bool:
    events = (await client.run("index"))["events"]
    return any((each["event"], each.get("root")) == ("ready", str(folder)) for each in events)


async def test_docs_outside_of_the_workspace_answer_an_editor_s_question(
    tmp_path: Path, shop: Path, home: Mapping[str, str]
) -> None:
    handbook = tmp_path / "handbook"
    handbook.mkdir()
    (handbook / "leave.md").write_text("# Leave\n\nAsk the rota for leave two weeks before.\n")
    with provider(tmp_path, scripted_answer("fine"), more=f'[context]\ndocs = ["{handbook}"]') as acme:
        async with open_talker(home, shop) as client:
            async with asyncio.timeout(60):
                while not await is_indexed(client, handbook):
                    await asyncio.sleep(0.1)
            words = "What do the docs say about leave and the rota?"
            _, end = await client.whole("ask", words=words, wish="frontier")
    assert end.error is None
    assert f"{handbook}/leave.md:1-3" in [each.place for each in end.sources]
    [request] = acme.requests
    assert b"two weeks before" in request.body
