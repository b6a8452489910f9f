"""Only one retry, before the first byte, and never a long wait."""

import socket
from email.utils import formatdate

import pytest
from calling import call, hear
from hostile import Hostile, answer, refusal

from assist_escalation.provider.failures import LONGEST_WAIT_S, PAUSE_S, wait_s
from assist_escalation.provider.transport import Times, Transport

NOW = 1_800_000_000.0


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
async def test_what_may_pass_is_asked_once_more(status: int) -> None:
    async with Hostile(refusal(status, "x", retry_after="0"), answer("ok")) as vendor:
        heard = await hear(Transport(), call(vendor.url))
    assert (heard.text, len(vendor.requests)) == ("ok", 2)
    assert vendor.requests[0].body == vendor.requests[1].body


@pytest.mark.parametrize(("status", "kind"), [(429, "rate-limited"), (500, "server"), (408, "timeout")])
async def test_and_no_more_than_once(status: int, kind: str) -> None:
    async with Hostile(refusal(status, "x", retry_after="0")) as vendor:
        heard = await hear(Transport(), call(vendor.url))
    assert (heard.kind, len(vendor.requests)) == (kind, 2)


@pytest.mark.parametrize("status", [301, 307, 400, 401, 403, 404, 413, 422])
async def test_what_will_not_pass_is_not_asked_again(status: int) -> None:
    async with Hostile(refusal(status, "x", retry_after="0")) as vendor:
        heard = await hear(Transport(), call(vendor.url))
    assert heard.error
    assert len(vendor.requests) == 1


@pytest.mark.parametrize("after", ["3600", "inf", formatdate(NOW + 3600, usegmt=True)])
async def test_a_long_wait_is_left_to_the_user(after: str) -> None:
    async with Hostile(refusal(429, "x", retry_after=after), answer("late")) as vendor:
        heard = await hear(Transport(clock=lambda: NOW), call(vendor.url))
    assert (heard.kind, len(vendor.requests)) == ("rate-limited", 1)


async def test_a_wait_beyond_the_total_is_not_begun() -> None:
    times = Times(connect=2.0, first=2.0, idle=2.0, total=5.0)
    async with Hostile(refusal(429, "x", retry_after="10"), answer("late")) as vendor:
        heard = await hear(Transport(times=times), call(vendor.url))
    assert (heard.kind, len(vendor.requests)) == ("rate-limited", 1)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, PAUSE_S),
        ("", PAUSE_S),
        ("0", 0.0),
        ("1.5", 1.5),
        ("20", LONGEST_WAIT_S),
        ("20.1", None),
        ("3600", None),
        ("1e400", None),
        ("-3", PAUSE_S),
        ("-inf", PAUSE_S),
        ("nan", PAUSE_S),
        ("soon", PAUSE_S),
        ("\x00", PAUSE_S),
        ("9" * 5000, None),
        (formatdate(NOW + 7, usegmt=True), 7.0),
        (formatdate(NOW + 3600, usegmt=True), None),
        (formatdate(NOW - 3600, usegmt=True), 0.0),
        ("Fri, 31 Feb 2027 99:99:99 GMT", PAUSE_S),
        ("Fri, 01 Jan 99999999 00:00:00 GMT", PAUSE_S),
    ],
)
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert wait_s(header, NOW) == seconds


async def test_nobody_there_is_tried_twice_and_nothing_was_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        heard = await hear(Transport(), call(f"http://127.0.0.1:{taken.getsockname()[1]}/v1"))
    assert heard.error
    assert (heard.kind, heard.error.sent) == ("unreachable", False)


@pytest.mark.parametrize(("status", "reserves"), [(500, 1), (408, 1), (409, 1), (429, 0), (400, 0)])
async def test_only_after_an_attempt_that_may_be_charged_is_money_reserved(
    status: int, reserves: int
) -> None:
    requests = []

    async def reserve() -> bool:
        requests.append(status)
        return False

    act = refusal(status, "x", "unknown: stream_options", retry_after="0")
    async with Hostile(act, answer("ok")) as vendor:
        heard = await hear(Transport(), call(vendor.url), reserve)
    assert (len(requests), len(vendor.requests)) == (reserves, 2 - reserves)
    assert bool(heard.error) == bool(reserves)
