"""The money and the log of other tools' requests: when many race for one budget, and when the process is killed."""

import asyncio
import hashlib
import json
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
import road_child
from chat_replies import said
from foreign import recording
from roads import desk, read
from rounds import rounds

from assist_escalation.audit.verifier import verify
from assist_escalation.budget.ledger import BudgetError
from assist_escalation.errors import RefusedError

ROUNDS = rounds(24, 6)
HELLO = {"model": "acme", "messages": [{"role": "user", "content": "Hello"}]}


async def test_many_that_race_for_one_budget_do_not_exceed_it(tmp_path: Path) -> None:
    async with desk(tmp_path, said("Yes."), max_cost_usd_per_day=0.7, gateway_session_usd=0.5) as made:

        async def one(number: int) -> int:
            words = "The same conversation." if number % 2 else f"Conversation {number}."
            body = {"model": "acme", "max_tokens": 4000, "messages": [{"role": "user", "content": words}]}
            try:
                await read(await made.ask(body))
            except BudgetError:
                refused.append(number)
                return 0
            return 1

        async def answer_when_all_are_decided() -> None:
            while len(refused) + len(made.provider.bodies) < 64:
                await asyncio.sleep(0.01)
            made.provider.answers.set()

        refused: list[int] = []
        made.provider.answers.clear()  # an answer settles its money, which would make room for the next one
        opened = asyncio.create_task(answer_when_all_are_decided())
        served = await asyncio.gather(*(one(number) for number in range(64)))
        await opened
        assert 0 < sum(served) < 64
        assert len(made.provider.bodies) == sum(served)
        with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as db:
            rows = db.execute("SELECT id, reserved, micro FROM request WHERE state = 'settled'").fetchall()
        assert len(rows) == sum(served)
        # Each was let in when what had been booked and reserved before left room for its whole bound.
        assert sum(micro for _, _, micro in rows) <= 700_000
        sessions: dict[str, int] = {}
        for number, _, micro in rows:
            sessions[number.partition("-")[0]] = sessions.get(number.partition("-")[0], 0) + micro
        assert max(sessions.values()) <= 500_000


@pytest.mark.slow
async def test_log_and_ledger_are_whole_whenever_it_is_killed(tmp_path: Path) -> None:
    async with recording(said("It is well.")) as provider:
        script = [road_child.__file__, str(tmp_path), provider.url, str(ROUNDS), "5"]
        path = os.pathsep.join(filter(None, sys.path))
        child = await asyncio.create_subprocess_exec(
            sys.executable, *script, env={**os.environ, "PYTHONPATH": path}
        )
        assert await child.wait() == 0
        bodies = list(provider.bodies)
    lines = (tmp_path / "audit.jsonl").read_bytes().split(b"\n")[:-1]
    events = [json.loads(line)["event"] for line in lines]
    intents = {event["request_id"]: event for event in events if event["kind"] == "intent"}
    outcomes = {event["request_id"]: event for event in events if event["kind"] == "outcome"}
    assert len(outcomes) == sum(event["kind"] == "outcome" for event in events), "one outcome a request"
    logged = {intent["payload_sha256"] for intent in intents.values()}
    assert {hashlib.sha256(body).hexdigest() for body in bodies} <= logged
    with closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = {row[0]: row[1:] for row in db.execute("SELECT id, state, reserved, micro FROM request")}
    for number, intent in intents.items():
        state, reserved, micro = rows[number]
        assert reserved == intent["upper_micro"] > 0
        assert state == "reserved" or micro == outcomes[number]["cost_micro"]
    assert {number for number, row in rows.items() if row[0] == "settled"} <= outcomes.keys()
    report = verify(tmp_path / "audit.jsonl")
    assert (report.problem, report.orphan_count) == ("", len(intents) - len(outcomes))
    assert any(row[0] == "reserved" for row in rows.values()), "kills hit requests under way"
    assert any(row[0] == "settled" for row in rows.values()), "and let others end"


async def test_no_other_number_than_one_asks_for_one_answer(tmp_path: Path) -> None:
    async with desk(tmp_path, said()) as made:
        for number in (2, 0, True, 1.0, "1"):
            with pytest.raises(RefusedError, match="n must be 1"):
                await made.ask({**HELLO, "n": number})
        assert not made.provider.bodies


async def test_a_budget_for_thoughts_is_below_the_limit_of_the_answer(tmp_path: Path) -> None:
    high = (10**6, 50, "9999999", 1e9, -1)
    async with desk(tmp_path, said()) as made:
        for budget in (*high, 49, 0):
            kwargs = {"thinking_budget": budget, "enable_thinking": True}
            thoughts = {
                "thinking_budget": budget,
                "reasoning": {"max_tokens": budget, "effort": "low"},
                "thinking": {"budget_tokens": budget},
                "chat_template_kwargs": kwargs,
            }
            await made.whole({**HELLO, "max_tokens": 50, **thoughts})
            sent = made.provider.requests[-1]
            left = 25 if budget in high else budget
            assert sent["thinking_budget"] == left
            assert sent["reasoning"] == {"max_tokens": left, "effort": "low"}
            assert sent["thinking"] == {"budget_tokens": left}
            assert sent["chat_template_kwargs"] == {"thinking_budget": left, "enable_thinking": True}
