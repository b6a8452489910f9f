"""What the gate adds to each turn of a session in this process, by its stages, with all files on the disk."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from assist_escalation.egress.exchange import Exchange, ReadAnswer
from assist_escalation.prompts import Usage
from assist_escalation.provider.transport import Transport
from assist_evaluation.statistics import percentile
from assist_gateway.attribution import AttributedSpan
from assist_gateway.dialects.dialect import DIALECTS
from assist_gateway.proxy.kept_texts import JudgeText
from assist_gateway.proxy.proxied_request import proxied_request
from assist_gateway.proxy.proxy import asked_provider
from assist_gateway.proxy.proxy_inputs import RULES_S, ProxyInputs
from assist_gateway.proxy.tool_conversations import ToolConversations
from bench.gateway.agent import session, workspace

OF_THAT = "of that, attribution"
STAGES = ("rules", "judged", "reserved and logged", "settled and logged")


class _TimedJudge:
    """Attribution, with the time that it took since it was last asked."""

    def __init__(self, judge: JudgeText) -> None:
        self.judge = judge
        self._wall = 0.0
        self._cpu = 0.0

    def __call__(self, text: str, claims: tuple[str, ...]) -> Sequence[AttributedSpan]:
        wall = time.perf_counter()
        cpu = time.process_time()
        found = self.judge(text, claims)
        self._wall += time.perf_counter() - wall
        self._cpu += time.process_time() - cpu
        return found

    def milliseconds(self) -> tuple[float, float]:
        took = (1e3 * self._wall, 1e3 * self._cpu)
        self._wall = 0.0
        self._cpu = 0.0
        return took


class _NoTransport:
    """In place of a provider: an answer without a byte."""

    status = 200
    retry_after = None
    is_stream = False

    async def post(self, asked: object, key: str) -> "_NoTransport":
        return self

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        for _ in ():
            yield b""

    async def close(self) -> None:
        pass


def measure_stages(folder: Path, turns: int, tokens: int) -> dict[str, Any]:
    """How stable the beginning is from turn to turn, and the milliseconds of each stage."""
    return asyncio.run(_measure(folder, turns, tokens))


async def _measure(folder: Path, turns: int, tokens: int) -> dict[str, Any]:
    config, tool, _ = workspace(folder, "https://acme.example/v1")
    times: dict[str, list[tuple[float, float]]] = {stage: [] for stage in (*STAGES, OF_THAT)}
    # Each turn comes after a pause, so rules are looked at again.
    inputs = ProxyInputs(config, lambda: len(times["rules"]) * RULES_S * 2)
    transport = cast("Transport", _NoTransport())
    known = None
    timed: _TimedJudge | None = None
    before = b""
    same = 0
    shop = tool.folders[0]
    for messages in session(shop, turns, tokens):
        body = json.loads(json.dumps({"model": "acme", "messages": messages, "stream": True}))
        clock = _Stages(times)
        permissions = inputs.permissions(tool)
        asked = asked_provider(body, DIALECTS["/v1/chat/completions"], tool, permissions)
        rules = inputs.rules(tool, asked.provider, permissions)
        clock.ends("rules")
        timed = timed if timed is not None and timed.judge is rules.judge else _TimedJudge(rules.judge)
        rules = replace(rules, judge=timed)
        known = known or ToolConversations(rules.gate.known, (), b"k" * 32)
        proxied = proxied_request(body, {}, asked, rules, known)
        clock.ends("judged")
        times[OF_THAT].append(timed.milliseconds())
        exchange = Exchange(proxied.outbound, rules.gate)
        await exchange.post(proxied.post, transport, rules.gate.keys)
        proxied.note_posted(shown=True)
        clock.ends("reserved and logged")
        exchange.read = partial(ReadAnswer, "Done.", "stop", "m", Usage(900, 20))
        await exchange.close()
        clock.ends("settled and logged")
        sent = proxied.post.body
        history = sent[sent.index(b'"messages":[') : sent.rindex(b"]")]
        same += history.startswith(before)
        before = history
    return {"turns": turns, "bytes": len(before), "prefix kept": same / turns, **_table(times)}


class _Stages:
    def __init__(self, times: dict[str, list[tuple[float, float]]]) -> None:
        self._times = times
        self._begin()

    def _begin(self) -> None:
        self._wall = time.perf_counter()
        self._cpu = time.process_time()

    def ends(self, stage: str) -> None:
        wall = time.perf_counter() - self._wall
        cpu = time.process_time() - self._cpu
        self._times[stage].append((1e3 * wall, 1e3 * cpu))
        self._begin()


def _table(times: Mapping[str, list[tuple[float, float]]]) -> dict[str, Any]:
    first = [
        tuple(map(sum, zip(*row, strict=True))) for row in zip(*(times[s] for s in STAGES[:3]), strict=True)
    ]
    rows: dict[str, Any] = {"first turn": [round(value, 1) for value in first[0]]}
    for name, found in {**times, "before the connection opens": first}.items():
        later = found[1:]
        rows[name] = {
            what: spread([get(pair) for pair in later])
            for what, get in (("wall ms", _wall), ("cpu ms", _cpu))
        }
    return rows


def _wall(pair: Any) -> float:
    return float(pair[0])


def _cpu(pair: Any) -> float:
    return float(pair[1])


def spread(values: Sequence[float]) -> dict[str, float]:
    """The median of values and their 95th percentile, to a tenth."""
    return {"p50": round(percentile(values, 0.5), 1), "p95": round(percentile(values, 0.95), 1)}
