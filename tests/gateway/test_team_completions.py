"""Completions of other tools by a team's server: what leaves, what stays here, and who is told."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from config_files import write
from gateway_desk import without_road
from hostile import RESET, Hostile
from team_servers import pieces

from assist_completion.suggestion import CompletionRequest, Suggestion
from assist_gateway.calls import PATHS, answer_call
from assist_gateway.foreign_request import ForeignRequest
from assist_gateway.local_models import LocalModels
from assist_gateway.proxy.proxy_inputs import ProxyInputs
from assist_gateway.proxy.team_completions import TeamCompletions
from assist_gateway.tool_tokens import ToolToken
from assist_server.config.config import load

ANSWER = pieces("from", "_the", "_server", "()")
CODE = "".join(f"name_{n} = make_{n}(value_{n})\n" for n in range(20)) + "total = "
SECRET = "ghp_" + "9f8Kd2LmQx7RtVb3NcWz5YhJ4PaSg6UeTqXo"
HIDDEN = "def margin(cost):\n    return cost * SECRET_MARGIN + BASE_FEE\n\n\nSECRET_MARGIN = 0.37\n"


class HereModels(LocalModels):
    """The models of this machine, which write one text."""

    async def complete(self, request: CompletionRequest) -> Suggestion:
        assert request.immediate
        return Suggestion(text="from_here()", shown=True)


@dataclass
class TeamDesk:
    """A gateway's answers to one tool, what the server got, and what the records say."""

    models: LocalModels
    team: TeamCompletions
    server: Hostile
    folder: Path
    tool: ToolToken

    async def text(self, before: str = CODE, path: str = "/v1/completions", **more: Any) -> str:
        """The text that the tool gets."""
        field = "prompt" if path.startswith("/v1") else "input_prefix"
        request = ForeignRequest(path, {field: before, "max_tokens": 24, **more})
        answer = await answer_call(
            replace(without_road(self.models), writer=self.team.of), request, self.tool
        )
        document = json.loads(b"".join([chunk async for chunk in answer.chunks]))
        return str(document["choices"][0]["text"] if path.startswith("/v1") else document["content"])

    @property
    def sent(self) -> str:
        return "\n".join(json.dumps(seen.json) for seen in self.server.requests)

    def events(self) -> Sequence[dict[str, Any]]:
        """The audit log, once the sessions are over."""
        self.team.close()
        files = list(self.folder.rglob("audit.jsonl"))
        lines = files[0].read_text().splitlines() if files else []
        return [json.loads(line)["event"] for line in lines]


@asynccontextmanager
async def team_desk(
    folder: Path, *acts: Any, tool: dict[str, Any] | None = None, settings: str = "", server: str = ""
) -> AsyncIterator[TeamDesk]:
    root = folder / "space"
    root.mkdir()
    (root / "hidden.py").write_text(HIDDEN)
    (root / "shop.py").write_text(CODE)
    async with Hostile(*(acts or (ANSWER,))) as remote:
        text = "[completion]\nserver = 'team'\nmode = 'eager'\ndebounce_ms_max = 0\n"
        text += f"[servers.team]\nkind = 'llama.cpp'\nbase_url = '{remote.url}'\nmodel = 'qwen'\n"
        text += f"residency = ['internal']\ntimeout_ms = 60000\n{server}"
        text += f"[egress]\ndeny = ['hidden.py']\n{settings}"
        config = load(write(folder, text))
        models = HereModels(config, lambda: pytest.fail("a model is loaded"), None)
        team = TeamCompletions(config, ProxyInputs(config).team_parts(), models)
        made = ToolToken("minuet", (root.resolve(),), **{"unattributed": True, **(tool or {})})
        yield TeamDesk(models, team, remote, folder, made)
        team.close()


@pytest.mark.parametrize("path", ["/v1/completions", "/infill"])
async def test_the_teams_server_completes_for_a_tool_and_the_log_names_it(tmp_path: Path, path: str) -> None:
    assert path in PATHS
    async with team_desk(tmp_path) as desk:
        assert await desk.text(path=path) == "from_the_server()"
        assert "name_19 = make_19(value_19)" in desk.sent
        events = desk.events()
    assert [event["kind"] for event in events] == ["intent", "outcome"]
    assert (events[0]["command"], events[0]["provider"]) == ("tool:minuet", "team")
    assert events[1]["requests"] == len(desk.server.requests)
    assert CODE[:20] not in json.dumps(events)


@pytest.mark.parametrize(
    ("tool", "settings", "more"),
    [
        pytest.param({"unattributed": False}, "", {}, id="a token without unattributed"),
        pytest.param({}, "[gateway]\nunattributed = false\n", {}, id="forbidden to all tools"),
        pytest.param({}, "[escalation]\nghost_text = 'local'\n", {}, id="ghost text stays here"),
        pytest.param({}, "[escalation]\ndefault_class = 'secret'\n", {}, id="of a class that it may not see"),
        pytest.param({"ceiling_usd": 0.0}, "", {}, id="above the ceiling of the tool"),
        pytest.param({}, "", {"model": "local"}, id="the local model is named"),
        pytest.param({}, "", {"prompt": HIDDEN + CODE}, id="lines of a denied file"),
        pytest.param({}, "", {"suffix": "\n" + HIDDEN}, id="such lines after the cursor"),
        pytest.param({}, "", {"prompt": f"{CODE}x = '{SECRET}"}, id="within a secret"),
    ],
)
async def test_what_may_not_leave_is_written_here(
    tmp_path: Path, tool: dict[str, Any], settings: str, more: dict[str, Any]
) -> None:
    price = "price = { input_usd_per_mtok = 1.0, output_usd_per_mtok = 1.0 }\n"
    async with team_desk(tmp_path, tool=tool, settings=settings, server=price) as desk:
        before = more.pop("prompt", CODE)
        assert await desk.text(before, **more) == "from_here()"
        assert desk.server.requests == []
        assert all(event["kind"] != "intent" for event in desk.events())


async def test_a_claimed_file_is_kept_and_other_files_of_a_request_do_not_leave(tmp_path: Path) -> None:
    async with team_desk(tmp_path) as desk:
        infill = {"path": "/infill", "input_suffix": "\n"}
        assert await desk.text(filename="hidden.py", **infill) == "from_here()"
        assert await desk.text(filename="settings.yaml", **infill) == "from_here()"
        assert desk.server.requests == []
        others = [{"filename": "b.py", "text": "OTHER = 1\n"}]
        assert await desk.text(filename="new.py", input_extra=others, **infill) == "from_the_server()"
        assert "OTHER" not in desk.sent
        assert "new.py" not in desk.sent


async def test_secrets_are_taken_out(tmp_path: Path) -> None:
    async with team_desk(tmp_path) as desk:
        assert await desk.text(f"TOKEN = '{SECRET}'\n{CODE}") == "from_the_server()"
        assert SECRET not in desk.sent
        assert "__SECRET_" in desk.sent


async def test_a_server_that_is_away_is_not_waited_for_again(tmp_path: Path) -> None:
    async with team_desk(tmp_path, [RESET]) as desk:
        texts = [await desk.text(f"{CODE}{name}(") for name in ("a", "b", "c", "d")]
        assert texts == ["from_here()"] * 4
        assert len(desk.server.requests) <= 3
