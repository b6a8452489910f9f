"""The gate under random events: a process that is killed at any moment, and vendors and readers that misbehave."""

import asyncio
import json
import os
import random
import sqlite3
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing, closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import gate_child
import pytest
from gates import allowed, parts, request, spans
from hostile import DONE, HANG, RESET, Hostile, Part, Seen, answer, chunk, event, head, refusal, usage
from rounds import rounds

from assist_escalation.audit.verifier import verify
from assist_escalation.egress.questions import Outcome, send
from assist_escalation.gate.prepare import payload_sha256, prepare
from assist_escalation.prompts import Messages, Origin, Span
from assist_escalation.provider.transport import Times, TransportError

pytestmark = pytest.mark.slow

ROUNDS, SEED = rounds(24, 12), 5


def events(folder: Path) -> list[dict[str, Any]]:
    """The whole lines of the log, without those about the log itself."""
    lines = (folder / "audit.jsonl").read_bytes().split(b"\n")[:-1]
    return [each["event"] for each in map(json.loads, lines) if each["event"].get("request_id")]


def ledger_rows(folder: Path) -> dict[str, tuple[str, int, int]]:
    """For each request of an intact ledger: its state, its reservation, and what it counts as."""
    with closing(sqlite3.connect(folder / "ledger.sqlite")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = db.execute("SELECT id, state, reserved, micro FROM request").fetchall()
    return {number: (state, reserved, micro) for number, state, reserved, micro in rows}


def digest(seen: Seen) -> str:
    """The hash of what arrived, as the log has it for what was sent."""
    body = seen.json
    system, user = (each["content"] for each in body["messages"])
    limit = body.get("max_completion_tokens", body.get("max_tokens"))
    return payload_sha256(body["model"], Messages(system, user), limit)


def asked_in(seen: Seen) -> str:
    """The id of a request that arrived, from its user's words."""
    return str(seen.json["messages"][1]["content"]).removeprefix("This is ").removesuffix(".")


async def killed(folder: Path, vendor: Hostile) -> None:
    """Run `gate_child` against the vendor, to its end."""
    script = [gate_child.__file__, str(folder), vendor.url, str(ROUNDS), str(SEED)]
    path = os.pathsep.join(each for each in sys.path if each)
    child = await asyncio.create_subprocess_exec(
        sys.executable, *script, env={**os.environ, "PYTHONPATH": path}
    )
    assert await child.wait() == 0


async def test_nothing_is_sent_without_an_intent_and_money_whenever_it_is_killed(tmp_path: Path) -> None:
    act: list[Part] = [head(), chunk("It "), 0.01, chunk("adds."), 0.01, chunk(finish="stop"), usage(), DONE]
    async with Hostile(act) as vendor:
        await killed(tmp_path, vendor)
    found, rows = events(tmp_path), ledger_rows(tmp_path)
    intents = {each["request_id"]: each for each in found if each["kind"] == "intent"}
    outcomes = {each["request_id"]: each for each in found if each["kind"] == "outcome"}

    for seen in vendor.requests:
        number = asked_in(seen)
        assert intents[number]["payload_sha256"] == digest(seen)
    for number, intent in intents.items():
        state, reserved, micro = rows[number]
        assert reserved == intent["upper_micro"] > 0
        assert (state, micro) in (("reserved", reserved), ("settled", 30 * 3 + 5 * 15))
    for number, outcome in outcomes.items():
        assert number in intents
        # The cost is booked after the outcome is written, so a kill between the two leaves all of it reserved.
        assert rows[number][0] == "reserved" or rows[number][2] == outcome["cost_micro"]
    assert {number for number, row in rows.items() if row[0] == "settled"} <= outcomes.keys()
    report = verify(tmp_path / "audit.jsonl")
    assert (report.problem, report.orphan_count) == ("", len(intents) - len(outcomes))

    states = Counter(state for state, _, _ in rows.values())
    assert states["reserved"] >= ROUNDS // 4, "kills hit requests under way"
    assert states["settled"] >= ROUNDS // 4, "and let others end"
    made = parts(tmp_path)
    assert made.ledger.reconcile() == states["reserved"]
    assert sum(row.micro for row in made.ledger.spending("model")) == sum(row[2] for row in rows.values())


REFUSALS = (400, 401, 402, 404, 408, 409, 413, 429, 500, 503, 529)
ELSEWHERE = (204, 301, 307, 308)
FINISHES = ("stop", "length", "content_filter", "tool_calls", "", 7)
COUNTS = (0, 3, 30, -5, 10**12, 10**30, 1.5, True, "many", None, [1])
SAID = tuple(map(chunk, ("It ", "adds ", "up", "\u00fc\u20ac", "x" * 5000)))
ODD: tuple[Part, ...] = (
    *(HANG, RESET, DONE, 0.02, 0.3, b": wait\n\n", b"data: {nope\n\n", b"data: \xff\xfe\n\n", b"data: {"),
    *(b"data: " + b"x" * 2_000_000, b"\xef\xbb\xbf", b"\r\n", event([]), event({"choices": []})),
    *(
        event({"error": {"code": "content_filter"}}),
        event({"error": "x"}),
        event({"choices": [{"index": 1}]}),
    ),
    *(chunk(finish=each) for each in FINISHES),  # type: ignore[arg-type]
    *(usage(read, wrote) for read, wrote in zip(COUNTS, reversed(COUNTS), strict=True)),
    *(usage(cached_tokens=each) for each in COUNTS),
    *(chunk("x", model="frontier-2"), chunk("__SECRET_KEY_x_1__")),
    event({"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0}]}}]}),
)
HASTY = Times(connect=1.0, first=1.0, idle=0.3, total=2.0)
ENDS = ("read", "closed", "cancelled")  # what the reader of an answer does


def wild(chance: random.Random) -> list[Part]:
    """An answer of the vendor: anything from a good one to nonsense."""
    kind = chance.choices(("refused", "elsewhere", "good", "odd"), (3, 1, 3, 7))[0]
    if kind == "refused":
        after = chance.choice(({}, {"retry_after": chance.choice(("0", "0.01", "-1", "3600", "soon"))}))
        return refusal(chance.choice(REFUSALS), "boom", **after)
    if kind == "elsewhere":
        return [head(chance.choice(ELSEWHERE), location="http://127.0.0.1:9/v1"), HANG]
    if kind == "good":
        return answer("It ", "adds.")
    rest = (chance.choice(SAID if chance.random() < 0.7 else ODD) for _ in range(chance.randint(0, 9)))
    return [head(), *rest]


async def used(stream: AsyncGenerator[str | Outcome, None], end: str, chance: random.Random) -> list[Outcome]:
    """Read a stream to its end, close it early, or cancel the task that waits for it."""
    pieces, most = [], chance.randint(1, 3) if end == "closed" else 10**9
    if end == "cancelled":
        task = asyncio.current_task()
        assert task
        asyncio.get_running_loop().call_later(chance.uniform(0, 0.25), task.cancel)
    async with aclosing(stream):
        async for piece in stream:
            pieces.append(piece)
            if len(pieces) >= most:
                break
    return [each for each in pieces if isinstance(each, Outcome)]


@pytest.mark.parametrize("seed", range(rounds(3, 1)))
async def test_whatever_a_vendor_does_each_intent_has_one_outcome_and_all_is_paid(
    tmp_path: Path, seed: int
) -> None:
    chance, made = random.Random(seed), parts(tmp_path, times=HASTY)
    kinds: Counter[str] = Counter()

    async def lane(place: int, vendor: Hostile) -> None:
        permissions = allowed(vendor.url, tmp_path, max_cost_usd_per_day=1000.0)
        for number in range(10):
            found = (
                Span("Explain code.", Origin("assist")),
                Span(f"This is {place}-{number}.", Origin("user")),
            )
            prepared = prepare(request(permissions, found, f"{place}-{number}"), made)
            end = chance.choice(ENDS)
            task = asyncio.ensure_future(used(send(prepared, made, gate_child.WHY), end, chance))
            try:
                outcomes = await task
                assert len(outcomes) == 1 or end == "closed"
                kinds["read" if outcomes else "closed"] += 1
            except TransportError:
                kinds["failed"] += 1
            except asyncio.CancelledError:
                kinds["cancelled"] += 1

    async with Hostile(*(wild(chance) for _ in range(150))) as vendor:
        await asyncio.gather(*(lane(place, vendor) for place in range(5)))
    found, rows = events(tmp_path), ledger_rows(tmp_path)
    intents = {each["request_id"]: each for each in found if each["kind"] == "intent"}
    outcomes = {each["request_id"]: each for each in found if each["kind"] == "outcome"}
    assert len(found) - sum(each["kind"] == "model_changed" for each in found) == 2 * len(intents)
    assert intents.keys() == outcomes.keys() == rows.keys()
    for number, outcome in outcomes.items():
        state, _, micro = rows[number]
        assert (state, micro) in (("settled", outcome["cost_micro"]), ("released", 0))
    for seen in vendor.requests:
        number = asked_in(seen)
        assert intents[number]["payload_sha256"] == digest(seen)
        assert rows[number][0] == "settled"
    assert made.ledger.open_reservations() == ()
    assert sum(row.micro for row in made.ledger.spending("model")) == sum(row[2] for row in rows.values()) > 0
    assert verify(tmp_path / "audit.jsonl").orphan_count == 0
    assert min(kinds["failed"], kinds["cancelled"], kinds["read"] + kinds["closed"]) > 0, kinds


@pytest.mark.parametrize(("seconds", "kinds"), [(120.0, ["timeout"]), (600.0, [""])])
async def test_a_provider_may_take_as_long_as_its_user_says(
    tmp_path: Path, seconds: float, kinds: list[str]
) -> None:
    made = parts(tmp_path, times=HASTY)
    async with Hostile([head(), HASTY.first * 1.5, *answer("It ", "adds.")[1:]]) as vendor:
        permissions = allowed(vendor.url, tmp_path)
        slow = replace(permissions.providers["acme"], timeout_seconds=seconds)
        asked = request(replace(permissions, providers={"acme": slow}), spans(tmp_path))
        with suppress(TransportError):
            await used(send(prepare(asked, made), made, gate_child.WHY), "read", random.Random(0))
    assert [each["error"] for each in events(tmp_path) if each["kind"] == "outcome"] == kinds
