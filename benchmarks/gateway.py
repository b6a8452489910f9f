"""The gateway's road to a provider: what it finds, keeps stable, and how long it takes. Nothing leaves.

    uv run python benchmarks/gateway.py --secrets [FOLDER] [--seeds 1]
    uv run python benchmarks/gateway.py --session [FILE] [--show] [--turns 60] [--tokens 60000]
    uv run python benchmarks/gateway.py --first-byte [--turns 60] [--tokens 60000] [--pause 0]

`--secrets` puts each file of the corpus of `benchmarks/redaction.py` into every place of a request in each
dialect that holds text, and compares what is found with the redactor alone.
`--session FILE` replays what an agent sent (`benchmarks/record_session.py`), over its workspace as it was at
each turn: in how many turns the request begins with all of the one before, as the agent sends it and as it
would leave, which secrets and which lines of kept files would leave, and how long a turn takes until its
bytes are ready, in milliseconds of the processor. `--show` prints where a beginning differs.
`--session` without FILE is a made-up agent that reads files of a repository, some with secrets and some
denied, until its history has so many tokens. It reports in how many turns the request begins with the bytes
of the one before, and how long each stage of a turn takes in this process, as time and as time of the
processor: the rules, which are read again in each turn as after a pause; judging, with attribution, which is
also said apart; the reservation and the intent; after the answer the outcome and the settlement.
`--first-byte` asks the same through a real `assist gateway` process and directly, in turns, with a pause in
seconds before each: a server on loopback answers at once, and what is more through the gateway counts.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assist_escalation.audit.log import AuditLog
from assist_escalation.budget.ledger import Ledger, Scope
from assist_escalation.gate.prepare import GateParts
from assist_escalation.policy.endpoints import Dialect, Price, Provider
from assist_escalation.policy.permissions import Layer, permissions
from assist_escalation.policy.settings import EscalationSettings
from assist_escalation.provider.provider_memory import AnsweringModels
from assist_escalation.provider.transport import Transport
from assist_escalation.redaction.known_secrets import Known
from assist_gateway.dialects.dialect import DIALECTS
from assist_gateway.proxy.proxied_request import AskedProvider, ProxyRules, proxied_request
from assist_gateway.proxy.tool_conversations import ToolConversations
from assist_gateway.tool_tokens import ToolToken
from bench.gateway.first_byte import measure_first_byte
from bench.gateway.stages import measure_stages
from bench.redaction.score import LEFT, taken_spans
from bench.redaction.templates import CORPUS, FilledFile, fill_all, templates
from bench.sessions.replay import replay, summary

PATHS: dict[Dialect, str] = {
    "chat": "/v1/chat/completions", "messages": "/v1/messages", "responses": "/v1/responses",
}  # fmt: skip


MADE_UP = Path()


class BenchRoad:
    """A road without files that stay, for one tool and one provider of a dialect."""

    def __init__(self, folder: Path, dialect: Dialect) -> None:
        price = Price(0.0, 0.0)
        acme = Provider("https://acme.example/v1", "m", residency=("internal",), price=price, dialect=dialect,
                        context_tokens=10_000_000)  # fmt: skip
        settings = EscalationSettings(mode="auto", providers={"acme": acme})
        rules = permissions([Layer("user", "config.toml", settings)], [str(folder)])
        gate = GateParts(
            Ledger(folder / "ledger.sqlite"),
            AuditLog(folder / "audit.jsonl"),
            Transport(offline=True),
            lambda _: "",
            Known(),
            AnsweringModels(folder / "models"),
            lambda: b"s" * 32,
        )
        self._rules = ProxyRules(rules, gate, lambda text, claims: (), Scope("r", "u"), None)  # noqa: ARG005
        self._asked = AskedProvider(ToolToken("t", (folder,), True), "acme", acme, DIALECTS[PATHS[dialect]])
        self.begin()

    def begin(self) -> None:
        """Forget all that was judged."""
        self._known = ToolConversations(Known(), (), b"k" * 32)

    def bytes_of(self, body: dict[str, Any]) -> bytes:
        """What would be sent for a request."""
        proxied = proxied_request(body, {}, self._asked, self._rules, self._known)
        proxied.note_posted(shown=True)
        return proxied.post.body


def chat_bodies(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """A request of the chat dialect for each place that holds text."""

    def body(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"model": "acme", "messages": [{"role": "user", "content": "Hi"}, *messages], **more}

    def call(arguments: str) -> dict[str, Any]:
        function = {"name": "write", "arguments": arguments}
        return {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "c", "type": "function", "function": function}],
        }

    described = {"name": "read", "description": text, "parameters": {"type": "object"}}
    yield "system", body({"role": "system", "content": text})
    yield "user", body({"role": "user", "content": text})
    yield "user part", body({"role": "user", "content": [{"type": "text", "text": text}]})
    yield "assistant", body({"role": "assistant", "content": text})
    yield "arguments", body(call(json.dumps({"path": "a", "content": text})))
    yield "result", body(call("{}"), {"role": "tool", "tool_call_id": "c", "content": text})
    yield (
        "result in JSON",
        body(call("{}"), {"role": "tool", "tool_call_id": "c", "content": json.dumps({"out": text})}),
    )
    yield "description", body(tools=[{"type": "function", "function": described}])


def messages_bodies(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The same for messages."""

    def body(*messages: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {
            "model": "acme",
            "max_tokens": 9,
            "messages": [{"role": "user", "content": "Hi"}, *messages],
            **more,
        }

    use = {"type": "tool_use", "id": "c", "name": "write", "input": {"path": "a", "content": text}}
    result = {"type": "tool_result", "tool_use_id": "c", "content": [{"type": "text", "text": text}]}
    yield "system", body(system=text)
    yield "user", body({"role": "user", "content": [{"type": "text", "text": text}]})
    yield "arguments", body({"role": "assistant", "content": [use]})
    yield "result", body({"role": "user", "content": [result]})
    yield "description", body(tools=[{"name": "read", "description": text, "input_schema": {}}])


def responses_bodies(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The same for responses."""

    def body(*items: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {"model": "acme", "input": [{"role": "user", "content": "Hi"}, *items], **more}

    call = {
        "type": "function_call",
        "call_id": "c",
        "name": "write",
        "arguments": json.dumps({"content": text}),
    }
    yield "instructions", body(instructions=text)
    yield "user", body({"role": "user", "content": [{"type": "input_text", "text": text}]})
    yield "arguments", body(call)
    yield "result", body({"type": "function_call_output", "call_id": "c", "output": text})
    yield "description", body(tools=[{"type": "function", "name": "read", "description": text}])


BODIES = {"chat": chat_bodies, "messages": messages_bodies, "responses": responses_bodies}


def secrets_of(file: FilledFile) -> list[str]:
    """The secrets of a file that the redactor finds wherever they are in it."""
    text = file.text
    taken = taken_spans("", text)
    found = []
    for slot in file.slots:
        if slot.role == "":
            covered = sum(max(0, min(end, slot.end) - max(start, slot.start)) for start, end, _ in taken)
            secret = text[slot.start : slot.end]
            if (
                len(secret) - covered <= min(LEFT, len(secret) // 2)
                and len(secret) > 2 * LEFT
                and "\n" not in secret
            ):
                found.append(secret)
    return [secret for secret in dict.fromkeys(found) if text.count(secret) == 1]


def compare(road: BenchRoad, dialect: Dialect, files: list[FilledFile]) -> dict[str, tuple[int, int]]:
    """By place: how many secrets the redactor alone finds, and how many of these would be sent."""
    counts: dict[str, tuple[int, int]] = {}
    for file in files:
        secrets = secrets_of(file)
        for place, body in BODIES[dialect](file.text):
            road.begin()
            sent = road.bytes_of(body).decode()
            left = sum(
                secret in sent or json.dumps(secret, ensure_ascii=False)[1:-1] in sent for secret in secrets
            )
            before = counts.get(place, (0, 0))
            counts[place] = (before[0] + len(secrets), before[1] + left)
    return counts


def show(rows: dict[str, Any]) -> None:
    for name, row in rows.items():
        print(f"{name:26} {json.dumps(row)}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--secrets", type=Path, nargs="?", const=CORPUS, metavar="FOLDER")
    what.add_argument("--session", type=Path, nargs="?", const=MADE_UP, metavar="FILE")
    what.add_argument("--first-byte", action="store_true")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("--pause", type=float, default=0.0)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--turns", type=int, default=60)
    parser.add_argument("--tokens", type=int, default=60_000)
    parser.add_argument("--part", type=int, default=1, help="of so many files take one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        if options.session not in (None, MADE_UP):
            figures = summary(replay(options.session, folder), show=options.show)
            print(json.dumps(figures, indent=1, ensure_ascii=False))
            return
        if options.session:
            show(measure_stages(folder, options.turns, options.tokens))
            return
        if options.first_byte:
            show(asyncio.run(measure_first_byte(folder, options.turns, options.tokens, options.pause)))
            return
        forms = templates(options.secrets)
        for dialect in BODIES:
            road = BenchRoad(folder, dialect)  # type: ignore[arg-type]
            files = [file for seed in range(1, options.seeds + 1) for file in fill_all(forms, seed)]
            for place, (count, left) in compare(road, dialect, files[:: options.part]).items():  # type: ignore[arg-type]
                print(f"{dialect:10} {place:16} {count:6} secrets that the redactor finds, {left} sent")


if __name__ == "__main__":
    main()
