"""A team's server that dies, hangs, lies or changes: the local model writes, and each change is told once."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hostile import DONE, HANG, RESET, Hostile, event, head, refusal, self_signed
from team_servers import pieces
from teams import team_of

THERE = pieces("from", "_the", "_server", "()")
TRUNCATED = THERE[:3]
GARBAGE = [head(), b"data: {nonsense\n\n"]
SLOW = 60_000  # milliseconds: on a busy machine a server that answers is waited for


@pytest.mark.parametrize(
    "act",
    [
        pytest.param([RESET], id="dies"),
        pytest.param([head(), HANG], id="hangs"),
        pytest.param(refusal(500), id="500"),
        pytest.param(refusal(503), id="503"),
        pytest.param(TRUNCATED, id="truncates"),
        pytest.param(GARBAGE, id="garbage"),
        pytest.param([head(), event({"error": {"code": "boom"}})], id="error"),
        pytest.param([head(301, location="http://127.0.0.1:1/")], id="redirects"),
        pytest.param([head(), b"x" * 3_000_000], id="floods"),
    ],
)
async def test_the_local_model_writes_and_it_is_told_once(tmp_path: Path, act: Any) -> None:
    async with Hostile(act) as server, team_of(tmp_path, server.url) as team:
        await team.ask("")  # begins the session, which reads the files of secrets
        team.tiers.clear()
        for typed in ("total = ", "tota", "tot"):
            answer = await team.ask(typed)
            assert (answer.model, answer.shown) == ("local", True)
        asked = len(server.requests)
    assert asked <= 3 + 1  # the breaker lets no more through
    assert len(team.tiers) <= 1


async def test_a_server_that_comes_back_with_another_certificate_gets_nothing(tmp_path: Path) -> None:
    own, context = self_signed(tmp_path / "own", "IP:127.0.0.1")
    _, other = self_signed(tmp_path / "other", "IP:127.0.0.1")
    more = f"ca_file = '{own}'\n"
    async with Hostile(THERE, context=context) as server, team_of(tmp_path, server.url, SLOW, more) as team:
        assert (await team.ask()).model == "qwen"
    async with Hostile(THERE, context=other) as server, team_of(tmp_path, server.url, SLOW, more) as team:
        assert (await team.ask()).model == "local"
        assert server.requests == []
        assert ["certificate" in each.why for each in team.tiers] == [True]


def _log(folder: Path) -> str:
    return next(folder.rglob("audit.jsonl")).read_text()


async def test_a_ledger_that_is_moved_away_lets_the_server_end(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with Hostile(THERE) as server, team_of(tmp_path, server.url, SLOW) as team:
        assert (await team.ask()).model == "qwen"
        (tmp_path / "data" / "ledger.sqlite").rename(tmp_path / "away")
    assert "ledger" in caplog.text


async def test_another_model_is_told_once_and_written_down(tmp_path: Path) -> None:
    def named(model: str) -> list[Any]:
        chunk = event({"content": "a()", "stop": False, "model": model})
        return [head(), chunk, event({"content": "", "stop": True, "stop_type": "eos", "model": model}), DONE]

    async with (
        Hostile(named("one"), named("two"), named("two")) as server,
        team_of(tmp_path, server.url, SLOW) as team,
    ):
        for typed in ("total = ", "x = ", "y = "):
            await team.ask(typed)
            await asyncio.sleep(0.05)
    assert team.told == ["team answers as two; until now it was one."]
    assert (await asyncio.to_thread(_log, tmp_path)).count('"model_changed"') == 1
