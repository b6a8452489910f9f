"""Where the gateway listens: a port of this machine's loopback, or a private socket in the file system.

Nothing here can listen on another address. Who may ask is decided in `guard`.
"""

import asyncio
import logging
import os
import socket
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from assist_gateway.http.bounded_protocol import (
    HEAD_BYTES,
    HEAD_S,
    KEEP_ALIVE_S,
    BoundedProtocol,
    BoundedState,
)
from assist_server.errors import UserError
from assist_server.local_model.sharing.messages import LONGEST, is_private

LOOPBACK = ("127.0.0.1", "::1")
BACKLOG = 128


@dataclass(frozen=True, slots=True)
class GatewayAddress:
    """A loopback host with its port, 0 for any free one; or the path of a socket."""

    host: str = "127.0.0.1"
    port: int = 0
    path: Path | None = None

    @property
    def url(self) -> str:
        """What a tool is told, without the path of its dialect."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return "http://localhost" if self.path else f"http://{host}:{self.port}"

    @property
    def hosts(self) -> frozenset[str]:
        """The `Host` headers of requests that mean this gateway."""
        if self.path:
            return frozenset({"localhost"})
        return frozenset(f"{host}:{self.port}" for host in ("127.0.0.1", "localhost", "[::1]"))


BoundSocket = tuple[socket.socket, GatewayAddress]


def bind(address: GatewayAddress) -> BoundSocket:
    """A socket that is bound, and its address with the real port. Raises `UserError`."""
    if address.path is not None:
        return _bind_path(address.path), address
    if address.host not in LOOPBACK:
        raise UserError(f"{address.host} is not this machine's loopback: use 127.0.0.1 or ::1.")
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    # asyncio sends small pieces at once only on sockets that say that they are TCP. On others the second
    # piece of an answer waits until the client has confirmed the first one, which takes 40 ms.
    made = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # On Windows that name would let another process take the port as well.
        exclusive = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
        made.setsockopt(socket.SOL_SOCKET, exclusive, 1)
        made.bind((address.host, address.port))
    except OSError as error:
        made.close()
        raise UserError(
            f"{address.host}:{address.port} cannot be used ({error.strerror}): another gateway may already "
            "be running; --port chooses another port."
        ) from None
    return made, GatewayAddress(address.host, made.getsockname()[1])


def _bind_path(path: Path) -> socket.socket:
    if os.name == "nt":
        raise UserError(f"On Windows there can be no socket at {path}: use a port.")
    if len(os.fsencode(path)) > LONGEST:
        raise UserError(f"The path {path} is too long for a socket: choose a shorter path, or a port.")
    if not is_private(path.parent):
        raise UserError(f"Other users can read {path.parent}: use a folder with mode 700.")
    if (above := _writable_above(path.parent)) is not None:
        raise UserError(
            f"Other users can replace {path.parent}, because they can write to {above}: use a folder "
            "elsewhere."
        )
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if path.is_socket() and not _is_answered(path):
            path.unlink(missing_ok=True)
        made.bind(os.fspath(path))
        path.chmod(0o600)
    except OSError as error:
        made.close()
        raise UserError(f"The socket {path} cannot be used: {error.strerror}.") from None
    return made


def _writable_above(folder: Path) -> Path | None:
    """The first folder above in which others can rename what is not theirs, or None."""
    for above in folder.resolve().parents:
        facts = above.stat()
        if (
            facts.st_uid not in (0, os.getuid())
            or facts.st_mode & (stat.S_IWOTH | stat.S_ISVTX) == stat.S_IWOTH
        ):
            return above
    return None


def _is_answered(path: Path) -> bool:
    """Whether a process listens at a socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as tried:
        try:
            tried.connect(os.fspath(path))
        except OSError:
            return False
    return True


@asynccontextmanager
async def listening(app: Any, bound: socket.socket, head_s: float = HEAD_S) -> AsyncIterator[None]:
    """Answer requests on a bound socket with an ASGI application, until the block ends."""
    logging.getLogger("uvicorn.error").disabled = True  # it would write the messages of errors into a log
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        h11_max_incomplete_event_size=2 * HEAD_BYTES,  # one that is whole is refused in words
    )
    config.load()
    state = BoundedState(head_s)

    def make_protocol() -> BoundedProtocol:
        return BoundedProtocol(config, state, {}, asyncio.get_running_loop())

    server = await asyncio.get_running_loop().create_server(make_protocol, sock=bound, backlog=BACKLOG)
    try:
        yield
    finally:
        server.close()
        tasks = list(state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for connection in list(state.order):
            connection.give_up()


def unlink(address: GatewayAddress) -> None:
    """Remove the socket of a gateway that has ended."""
    if address.path is not None:
        with suppress(OSError):
            address.path.unlink()
