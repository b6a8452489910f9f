"""The parser splits bytes into the same events however they arrive, and keeps few bytes."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assist_escalation.provider.chat_completion import FOREIGN_BYTES, LINE_BYTES, EventStreamParser
from assist_escalation.provider.failures import Fault, Refusal, describe, refusal

LINES = [
    b"data: a\xc3\xb1",
    b"data:b",
    b"data: \xe2\x82\xac",
    b"",
    b": comment",
    b"event: x",
    b"data: [DONE]",
    b"id:1",
]


def events(pieces: list[bytes]) -> tuple[list[str], bool]:
    guard = EventStreamParser(10)
    found = [each for piece in pieces if not guard.done for each in guard.feed(piece)]
    return found + guard.finish(), guard.done


@given(
    st.lists(st.sampled_from(LINES), max_size=12),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.lists(st.integers(0, 120), max_size=12),
)
def test_events_do_not_depend_on_how_the_bytes_arrive(
    lines: list[bytes], end: bytes, cuts: list[int]
) -> None:
    stream = end.join([*lines, b""])
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[start:stop] for start, stop in pairwise(places)]
    assert events(pieces) == events([stream]) == events([b"\n".join([*lines, b""])])


@given(st.binary(max_size=300), st.integers(1, 40))
def test_any_bytes_give_events_or_a_fault(stream: bytes, size: int) -> None:
    pieces = [stream[start : start + size] for start in range(0, len(stream), size)]
    try:
        whole = events([stream])
    except Fault:
        with pytest.raises(Fault):
            events(pieces)
        return
    assert events(pieces) == whole


@pytest.mark.parametrize("piece", [b"x" * 1000, b": " + b"x" * 1000, b"data: x\n" * 100])
def test_what_is_held_is_bounded(piece: bytes) -> None:
    guard, fault = EventStreamParser(1 << 20), None
    while not fault and guard.received < LINE_BYTES * 2:
        try:
            guard.feed(piece)
        except Fault as error:
            fault = error
    assert fault


def test_what_is_no_event_is_kept_for_its_error_alone() -> None:
    guard = EventStreamParser(1 << 20)
    guard.feed(b'{"error":\n {"code": "x"}}\n')
    assert bytes(guard.foreign) == b'{"error":\n {"code": "x"}}\n'
    guard.feed(b"data: {}\n")
    assert not guard.foreign
    for _ in range(100):
        guard.feed(b"x" * FOREIGN_BYTES + b"\n")
    assert not guard.foreign


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"[1]", b"3", b'"x"', b"{}", b'{"error": null}', b'{"error": [1]}', b'{"error": {"code": {}}}', b"[" * 99_999, b"\xff", b"1" * 9999],
)  # fmt: skip
def test_any_refusal_can_be_told(body: bytes) -> None:
    for status in (0, 302, 400, 401, 402, 404, 408, 413, 429, 500):
        assert describe(refusal(status, body), "ACME_KEY")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (
            b'[{"error": {"code": 400, "message": "The input token count exceeds the context window"}}]',
            "context-length",
        ),
        (
            b'{"object": "error", "message": "This model\'s maximum context length is 4096 tokens"}',
            "context-length",
        ),
        (b'{"error": {"type": "exceed_context_size_error", "code": 400}}', "context-length"),
        (b'{"error": {"innererror": {}, "code": "content_filter"}}', "content-filter"),
        (b'{"error": {"code": "DeploymentNotFound"}}', "unknown-model"),
        (
            b'{"detail": [{"loc": ["body", "x"], "msg": "Extra inputs", "input": "context length"}]}',
            "refused",
        ),
        (b'{"detail": "nope"}', "refused"),
    ],
)
def test_vendors_say_the_same_in_many_ways(body: bytes, kind: str) -> None:
    assert refusal(400, body).kind == kind


def test_a_number_in_the_stream_counts_as_its_status() -> None:
    assert refusal(0, b'{"error": {"code": 429, "message": "slow down"}}').kind == "rate-limited"


def test_a_code_is_shown_without_anything_that_could_be_text() -> None:
    found = refusal(400, b'{"error": {"code": "bad <b>\\u001b[2J\\n secret text", "message": "m"}}')
    assert found.code == "badb2Jsecrettext"
    assert len(refusal(400, b'{"error": {"code": "' + b"x" * 9999 + b'"}}').code) == 64
    assert "secret" not in repr(Refusal(400, "", "secret"))
