"""Connections with bounds: their number, and the size and the time of a request's head.

uvicorn bounds neither how long a client may take for its head nor how many connections wait. The body and the
answer are bounded in `app`. This module knows no request.
"""

import asyncio
import json
import socket
from contextlib import suppress
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

HEAD_BYTES = 32_768
LINGER_S = 2.0  # seconds for a client to read a refusal before it has sent all: else the system drops it
HEAD_S = 10.0  # seconds for a whole head, and for what comes after an answer that was given early
KEEP_ALIVE_S = 60
MAX_CONNECTIONS = 512  # half of the files that systems usually let a process open


class BoundedState(ServerState):
    """The connections of one server, the oldest first."""

    def __init__(self, head_s: float) -> None:
        super().__init__()
        self.head_s = head_s
        self.order: dict[BoundedProtocol, None] = {}

    def make_room(self) -> bool:
        """Close the connection that has waited longest without a request. False if all have one.

        One that was closed, and whose client takes nothing, goes first.
        """
        for connection in sorted(self.order, key=lambda known: not known.transport.is_closing()):
            if connection.is_idle or connection.transport.is_closing():
                connection.give_up()
                return True
        return False


class BoundedProtocol(H11Protocol):
    """One connection, closed if its head takes too long."""

    server_state: BoundedState

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._head_timer: asyncio.TimerHandle | None = None
        self._is_refused = False

    @property
    def is_idle(self) -> bool:
        """Whether no request of this connection is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, or say that there are too many connections."""
        super().connection_made(transport)
        with suppress(OSError):  # of Windows' event loop, asyncio does not know that this is TCP
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        order = self.server_state.order
        if len(order) >= MAX_CONNECTIONS and not self.server_state.make_room():
            self._refuse(503, "The gateway has too many connections: try again in a moment.")
            self.transport.close()
            return
        order[self] = None
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self.server_state.order.pop(self, None)
        self._stop_timer()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on; the time for a head goes on until it is whole."""
        if self.transport.is_closing() or self._is_refused:
            return
        super().data_received(data)
        if not self._is_refused:
            self._watch_head()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        self._watch_head()

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP is answered like any other refusal, and what still comes is not looked at."""
        too_long = len(self.conn.trailing_data[0]) > HEAD_BYTES
        self._refuse(431 if too_long else 400, "The request headers are too large." if too_long else msg)
        self._is_refused = True
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._stop_timer()
        self._head_timer = self.loop.call_later(LINGER_S, self.give_up)

    def give_up(self) -> None:
        """Close at once."""
        self.server_state.order.pop(self, None)
        self._stop_timer()
        self.transport.abort()

    def _watch_head(self) -> None:
        """Give a head that is not whole yet, and what follows an early answer, a time to end."""
        waits = self.is_idle and (self.cycle is None or self.conn.their_state is not h11.IDLE)
        begun = self.is_idle and bool(self.conn.trailing_data[0])
        if not (waits or begun):
            self._stop_timer()
        elif self._head_timer is None and not self.transport.is_closing():
            self._head_timer = self.loop.call_later(self.server_state.head_s, self.give_up)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self, status: int, message: str) -> None:
        error = {"message": message, "type": "invalid_request_error", "param": None, "code": "no_request"}
        body = json.dumps({"error": error}).encode()
        head = f"HTTP/1.1 {status} \r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        self.transport.write(head.encode() + b"connection: close\r\n\r\n" + body)
