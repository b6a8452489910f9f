"""What the gate books for answers whose token counts are high, absurd or missing, and for every attempt."""

from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

import pytest
from gates import allowed, parts, request, spans
from hostile import DONE, HANG, Hostile, answer, chunk, event, head, refusal, usage

from assist_escalation.audit.reader import events
from assist_escalation.budget import ledger
from assist_escalation.egress.questions import Outcome, send
from assist_escalation.gate.prepare import GateParts, Prepared, prepare
from assist_escalation.provider.chat_completion import MAX_TOKENS
from assist_escalation.provider.transport import TransportError

WHY = {"cause": "asked_frontier", "features": {}}
IN, OUT = 3, 15  # micro-dollars for a token, as in `gates.settings`
STOP = chunk(finish="stop")


async def asked(
    folder: Path, *acts: Any, **changed: Any
) -> tuple[Prepared, GateParts, list[Outcome], Hostile]:
    """A request whose answers are these acts; its outcome is missing if it failed."""
    made = parts(folder)
    found: list[Outcome] = []
    async with Hostile(*acts) as acme:
        prepared = prepare(request(allowed(acme.url, folder, **changed), spans(folder)), made)
        with suppress(TransportError):
            async with aclosing(send(prepared, made, WHY)) as stream:
                found = [each async for each in stream if isinstance(each, Outcome)]
    return prepared, made, found, acme


def row(made: GateParts) -> ledger.SpendingRow:
    (only,) = made.ledger.spending("model")
    return only


HIGH = [
    ("hidden reasoning beyond the limit", usage(120, 20_000), 120 * IN + 20_000 * OUT),
    ("a long hidden prompt", usage(1_000_000, 4), 1_000_000 * IN + 4 * OUT),
    ("all that a model can read", usage(MAX_TOKENS - 4, 4), (MAX_TOKENS - 4) * IN + 4 * OUT),
]


@pytest.mark.parametrize(("_", "said", "micro"), HIGH)
async def test_a_count_above_all_limits_is_booked_in_full_and_marked(
    tmp_path: Path, _: str, said: bytes, micro: int
) -> None:
    prepared, made, (end,), _vendor = await asked(tmp_path, [head(), chunk("Short."), STOP, said, DONE])
    assert row(made).micro >= micro > prepared.upper_micro
    assert (row(made).estimated, end.usage.estimated) == (1, True)
    assert end.warning


async def test_an_ordinary_count_is_booked_as_it_is(tmp_path: Path) -> None:
    said = usage(30, 5)
    _, made, (end,), _vendor = await asked(tmp_path, [head(), chunk("Short."), STOP, said, DONE])
    assert (row(made).micro, row(made).estimated) == (30 * IN + 5 * OUT, 0)
    assert (end.usage.estimated, "more than the" in end.warning) == (False, False)


ABSURD = [  # the rest of them is told where they are read
    [],
    [usage("120", "4")],
    [usage(10**30, 10**30)],
    [usage(30, MAX_TOKENS)],  # together more than a model holds
    [usage(30, 0)],
]


@pytest.mark.parametrize("said", ABSURD, ids=range(len(ABSURD)))
async def test_a_count_that_cannot_be_true_is_booked_at_what_was_reserved_or_more(
    tmp_path: Path, said: list[bytes]
) -> None:
    prepared, made, (end,), _vendor = await asked(tmp_path, [head(), chunk("Short."), STOP, *said, DONE])
    assert prepared.upper_micro <= row(made).micro == end.cost_micro <= MAX_TOKENS * (IN + OUT)
    assert (row(made).estimated, end.usage.estimated) == (1, True)
    assert "estimate" in end.warning
    outcome = list(events(tmp_path / "audit.jsonl"))[-1]
    assert (outcome["cost_micro"], outcome["usage"]["estimated"]) == (end.cost_micro, True)


async def test_what_is_high_and_does_not_add_up_is_booked_as_high_as_it_says(tmp_path: Path) -> None:
    said = usage(120, 20_000, cached_tokens=121)
    _, made, (end,), _vendor = await asked(tmp_path, [head(), chunk("Short."), STOP, said, DONE])
    assert row(made).micro >= 120 * IN + 20_000 * OUT
    assert end.usage.estimated


FAILED = [
    ("broken off", [head(), chunk("half")]),
    ("silent", [head(), chunk("half"), HANG]),
    ("counted so far", [head(), chunk("half"), usage(30, 1)]),
    ("an error in the middle", [head(), chunk("x"), usage(30, 5), event({"error": {"code": "boom"}})]),
    ("filtered, which some vendors charge", refusal(400, "content_filter")),
]


@pytest.mark.parametrize(("_", "act"), FAILED)
async def test_a_call_that_failed_is_booked_at_what_was_reserved(tmp_path: Path, _: str, act: Any) -> None:
    prepared, made, _none, _vendor = await asked(tmp_path, act)
    assert (row(made).micro, row(made).estimated) == (prepared.upper_micro, 1)


@pytest.mark.parametrize("status", [500, 408, 409])
async def test_a_second_attempt_is_reserved_and_the_first_one_booked(tmp_path: Path, status: int) -> None:
    failed = refusal(status, "x", retry_after="0")
    prepared, made, (end,), acme = await asked(tmp_path, failed, answer("ok"))
    assert len(acme.requests) == 2
    assert end.cost_micro == row(made).micro == prepared.upper_micro + 30 * IN + 5 * OUT
    assert end.usage.estimated


LIMITS = ["max_cost_usd_per_request", "max_cost_usd_per_day"]


@pytest.mark.parametrize("limit", LIMITS)
async def test_without_money_for_a_second_attempt_there_is_none(tmp_path: Path, limit: str) -> None:
    act = refusal(500, "x", retry_after="0"), answer("ok")
    prepared, made, _none, acme = await asked(tmp_path, *act, **{limit: 0.006})
    assert prepared.upper_micro <= 6_000 < 2 * prepared.upper_micro
    assert (len(acme.requests), row(made).micro) == (1, prepared.upper_micro)


async def test_what_a_provider_refuses_to_begin_costs_nothing(tmp_path: Path) -> None:
    """Each of these attempts uses the same reservation, since those before it cannot be charged."""
    acts = [refusal(400, "x", f"unknown: {name}") for name in ("stream_options", "max_tokens")]
    _, made, (end,), acme = await asked(tmp_path, *acts, refusal(429, "x", retry_after="0"), answer("ok"))
    assert len(acme.requests) == 4
    assert (row(made).micro, end.usage.estimated) == (30 * IN + 5 * OUT, False)
