"""A provider of agents: it keeps every byte that it gets, and llama.cpp's own server writes its planned answers.

A model of 0.5 billion parameters plays no agent. So a plan says what each turn is, a text or a call of a
tool, and the real server writes that under a grammar, from its first token to its last. It does not get the
conversation: an agent's instructions alone would take it minutes. Chats and texts are passed on as the server
streams them, in its own form of the dialect; in a chat the text of a call goes where a call has its
arguments, since what the server allows where it is asked for a call has no end that a small model finds.
Counts of tokens are those of what came. A call in `responses` or `messages` is scripted: that server has no
freeform tools, and no grammar for messages.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from chat_replies import PLACE
from message_replies import messages_reply
from response_calls import responses_call

ASKED = "Go on."
SECRET_PLACE = "<secret>"
UNPLANNED = "Shop"  # the answer to what has no tools in an agent's session, such as a request for a title
LONGEST = 200  # tokens of an answer
FREE = 12  # tokens of an answer that no grammar ends
PATIENCE = 300  # seconds for a turn on a busy machine


@dataclass(frozen=True, slots=True)
class Call:
    """The call of a tool. In its arguments SECRET_PLACE becomes the first placeholder of the request.

    A freeform tool has no names of arguments: its input is that of the name "".
    """

    tool: str
    arguments: Mapping[str, Any]


Turn = Call | str


@dataclass
class PlannedProvider:
    """What the provider answers, turn by turn, and all that it got."""

    model_url: str
    plan: Sequence[Turn] = ()
    url: str = ""
    received: list[bytes] = field(default_factory=list)

    @property
    def bytes_seen(self) -> bytes:
        return b"\n".join(self.received)


@contextmanager
def planned_provider(model_url: str) -> Iterator[PlannedProvider]:
    """A provider on loopback, until the block ends; its plan is set later."""
    provider = PlannedProvider(model_url)

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            provider.received.append(f"{self.requestline}\n{self.headers}".encode() + body)
            _answer(self, provider, json.loads(body))

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        provider.url = f"http://127.0.0.1:{server.server_port}/v1"
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()


def _answer(client: BaseHTTPRequestHandler, provider: PlannedProvider, asked: dict[str, Any]) -> None:
    """Pass on what the real server writes, as it comes, or a scripted call."""
    turn = _turn(provider.plan, asked)
    client.send_response(200)
    client.send_header("Content-Type", "text/event-stream" if asked.get("stream") else "application/json")
    client.end_headers()
    if isinstance(turn, Call) and not client.path.endswith("/completions"):
        scripted = responses_call if client.path.endswith("/responses") else messages_call
        client.wfile.writelines(scripted(turn.tool, turn.arguments, asked))
        return
    body = json.dumps(_wished(client.path, asked, turn))
    with closing(HTTPConnection(urlsplit(provider.model_url).netloc, timeout=PATIENCE)) as connection:
        connection.request("POST", client.path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        for line in _lines(answer, turn, _tokens(provider.model_url, asked)):
            client.wfile.write(line)
            client.wfile.flush()


def messages_call(tool: str, arguments: Mapping[str, Any], asked: dict[str, Any]) -> list[bytes]:
    """The answer in messages that calls a tool."""
    return list(messages_reply("", tool, dict(arguments))(asked))


def _tokens(model_url: str, asked: dict[str, Any]) -> int:
    """How many tokens a request has, for the real server's model."""
    with closing(HTTPConnection(urlsplit(model_url).netloc, timeout=PATIENCE)) as connection:
        connection.request("POST", "/tokenize", json.dumps({"content": json.dumps(asked)}))
        return len(json.load(connection.getresponse())["tokens"])


def _lines(answer: Iterable[bytes], turn: Turn, tokens: int) -> Iterator[bytes]:
    """The lines of a stream or of a whole answer, with the count of the request that came."""
    called = False
    for line in answer:
        start = line.find(b"{")
        if start < 0:
            yield line
            continue
        found = json.loads(line[start:])
        _count(found, tokens)
        if isinstance(turn, Call):
            called = _as_call(found, turn.tool, called)
        yield line[:start] + json.dumps(found).encode() + b"\n"


def _count(value: object, tokens: int) -> None:
    """Set the counts of a request's tokens, wherever they are."""
    if isinstance(value, dict):
        value.update({name: tokens for name in ("prompt_tokens", "input_tokens") if name in value})
        for inner in value.values():
            _count(inner, tokens)


def _as_call(found: dict[str, Any], tool: str, called: bool) -> bool:
    """Let the text of a chat's answer, or of a piece of it, be what the tool is called with."""
    for choice in found["choices"]:
        message = choice.get("delta") or choice.get("message") or {}
        if choice["finish_reason"]:
            choice["finish_reason"] = "tool_calls"
        if text := message.pop("content", None):
            call: dict[str, Any] = {"index": 0, "function": {"arguments": text}}
            if not called:
                call |= {"id": f"call_{found['id'][-9:]}", "type": "function"}
                call["function"]["name"] = tool
            message["tool_calls"] = [call]
            called = True
    return called


def _turn(plan: Sequence[Turn], asked: dict[str, Any]) -> Turn:
    """The turn after as many results of tools as the conversation has."""
    if not asked.get("tools") and not isinstance(plan[0], str):
        return UNPLANNED
    turn = plan[_results(asked.get("messages", asked.get("input")))]
    text = turn if isinstance(turn, str) else json.dumps(turn.arguments)
    if SECRET_PLACE not in text:
        return turn
    written = text.replace(SECRET_PLACE, _placeholder(asked))
    return written if isinstance(turn, str) else Call(turn.tool, json.loads(written))


def _results(value: object) -> int:
    """How many results of tools a conversation has, in each of the dialects."""
    if isinstance(value, list):
        return sum(_results(part) for part in value)
    if not isinstance(value, dict):
        return 0
    kind = str(value.get("type"))
    if value.get("role") == "tool" or kind.endswith("_call_output") or kind == "tool_result":
        return 1
    return _results(value.get("content"))


def _placeholder(asked: dict[str, Any]) -> str:
    """The first placeholder of a request. Raises ValueError if there is none."""
    seen = json.dumps(asked)
    start = seen.index(PLACE)
    return seen[start : seen.index("__", start + len(PLACE)) + 2]


def _wished(path: str, asked: dict[str, Any], turn: Turn) -> dict[str, Any]:
    """What the real server is asked for, in the dialect of the path.

    It has no grammar for messages: the text of those is its own.
    """
    text = turn if isinstance(turn, str) else json.dumps(dict(turn.arguments))
    responses = path.endswith("/responses")
    kept = {name: asked[name] for name in ("stream", "stream_options") if name in asked}
    return {
        **kept,
        "temperature": 0,
        "max_output_tokens" if responses else "max_tokens": FREE if path.endswith("/messages") else LONGEST,
        "input" if responses else "messages": [{"role": "user", "content": ASKED}],
        "grammar": f"root ::= {json.dumps(text)}",
    }
