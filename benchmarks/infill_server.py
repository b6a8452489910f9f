"""llama.cpp's `/infill` and `/completion` over this project's own build of llama.cpp, with one slot.

    uv run python benchmarks/infill_server.py --model FILE [--threads 2] [--port 0] [--context 8192]
        [--batch 2048] [--ubatch 512] [--cache-reuse 0] [--poll 1.0]

The first line on standard output is JSON with the port and the build's CPU features. The server ends when its
standard input ends. It exists to compare the engine with other policies: same build, same file, another
policy. It listens only on the loopback address.
`bench.peers.infill_slot` knows the model. This module knows HTTP, the queue for the slot, and clients that
disconnect.
"""

import json
import select
import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from assist_completion.inference.llama import features
from bench.peers.infill_answer import GrowingAnswer
from bench.peers.infill_slot import Cancelled, Slot
from bench.peers.server_options import Options, announce, options_of, parser

POLL = 1.0  # seconds between checks whether the client is connected: the server's HTTP_POLLING_SECONDS


class Turns:
    """A queue for the slot: first come, first served. Clients that disconnect while waiting leave it."""

    def __init__(self) -> None:
        self._queue: deque[object] = deque()
        self._changed = threading.Condition()

    @property
    def waiting(self) -> int:
        return len(self._queue)

    def take(self, gone: Callable[[], bool]) -> object:
        """Wait for the turn. Raises `Cancelled` if the client disconnects first."""
        ticket = object()
        with self._changed:
            self._queue.append(ticket)
            while self._queue[0] is not ticket:
                if gone():
                    self._queue.remove(ticket)
                    raise Cancelled
                self._changed.wait(0.05)
        return ticket

    def leave(self, ticket: object) -> None:
        with self._changed:
            self._queue.remove(ticket)
            self._changed.notify_all()


def watch(connection: socket.socket, poll: float) -> Callable[[], bool]:
    """Return a function that tells whether the client disconnected; it checks once per `poll` seconds."""
    due = time.perf_counter() + poll
    closed = False

    def gone() -> bool:
        nonlocal due, closed
        if not closed and time.perf_counter() >= due:
            due = time.perf_counter() + poll
            closed = is_closed(connection)
        return closed

    return gone


def is_closed(connection: socket.socket) -> bool:
    try:
        readable, _, _ = select.select([connection], [], [], 0)
        return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""
    except OSError:
        return True


class InfillHandler(BaseHTTPRequestHandler):
    """One request per connection. `serve` sets `slot`, `turns` and `poll`."""

    slot: Slot
    turns: Turns
    poll: float = POLL

    def do_GET(self) -> None:
        if self.path == "/metrics":
            self._send(200, {**asdict(self.slot.counts), "busy": self.turns.waiting})
        else:
            self._send(200 if self.path == "/health" else 404, {"status": "ok"})

    def do_POST(self) -> None:
        layouts = {"/infill": self.slot.infill, "/completion": self._completion}
        if self.path not in layouts:
            return self._send(404, {"error": f"no {self.path}"})
        try:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(layouts[self.path], body)
        except Cancelled:
            return None
        except (KeyError, ValueError) as error:
            return self._send(400, {"error": f"{type(error).__name__}: {error}"})
        return None

    def _completion(self, body: dict[str, Any]) -> list[int]:
        return self.slot.tokens(body["prompt"], special=True)

    def _answer(self, layout: Callable[[dict[str, Any]], list[int]], body: dict[str, Any]) -> None:
        gone = watch(self.connection, self.poll)
        ticket = self.turns.take(gone)
        try:
            answers = self.slot.run(layout(body), body, gone)
            if body.get("stream", False):
                return self._stream(answers)
            result = list(answers)[-1].result(len(self.slot.held))
        finally:
            self.turns.leave(ticket)
        return self._send(200, result)

    def _stream(self, answers: Iterator[GrowingAnswer]) -> None:
        """Send server-sent events. A client that no longer reads is noticed at the next event."""
        written = 0
        for answer in answers:
            if answer.predicted == 1:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
            upto = len(answer.text) if answer.stop else answer.sent
            fields = answer.result(len(self.slot.held)) if answer.stop else {"stop": False}
            fields["content"] = answer.text[written:upto].decode("utf-8", "replace")
            written = max(written, upto)
            data = b"data: " + json.dumps(fields).encode() + b"\n\n"
            if is_closed(self.connection) or not self._write(data):
                self.slot.counts.cancelled += not answer.stop
                return

    def _send(self, status: int, value: dict[str, Any]) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self._write(data)

    def _write(self, data: bytes) -> bool:
        try:
            self.wfile.write(data)
        except OSError:
            return False
        return True

    def log_message(self, *_: Any) -> None:
        """Write nothing: the benchmark reads standard error."""


def serve(options: Options, port: int = 0, poll: float = POLL) -> ThreadingHTTPServer:
    """Load the model and return a listening server that answers requests on its own threads."""
    slot = Slot(options)
    slot.load()
    handler = type("Bound", (InfillHandler,), {"slot": slot, "turns": Turns(), "poll": poll})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


def main() -> None:
    command = parser("llama.cpp's /infill over this project's own build")
    command.add_argument("--poll", type=float, default=POLL)
    known = command.parse_args()
    server = serve(options_of(known), known.port, known.poll)
    announce(server.server_address[1], features())


if __name__ == "__main__":
    main()
