"""Whether a gateway answers at an address of this machine. It sends no token and asks for nothing.

It speaks no more HTTP than that takes, over the loopback alone.
"""

import asyncio
from contextlib import suppress

from assist_gateway.http.listening import GatewayAddress

PATIENCE = 2.0  # seconds


async def answers(address: GatewayAddress) -> bool:
    """Whether what listens there refuses a request without a token as a gateway does."""
    host = address.url.removeprefix("http://")
    asked = f"GET /v1/models HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(address.host, address.port)
            try:
                writer.write(asked)
                head = await reader.readuntil(b"\r\n\r\n")
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return False
    return head.startswith(b"HTTP/1.1 401") and b"server: assist\r\n" in head.lower()
