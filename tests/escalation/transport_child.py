"""A separate process, for tests of the environment's effect and of every socket."""

import asyncio
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any

NETWORK = {"socket.connect", "socket.getaddrinfo", "socket.bind", "socket.gethostbyname", "socket.sendto"}
seen: list[tuple[str, Any]] = []


def watch(name: str, arguments: tuple[Any, ...]) -> None:
    if name in NETWORK:
        seen.append((name, arguments[1] if name != "socket.getaddrinfo" else arguments[:2]))


sys.addaudithook(watch)

from calling import call, hear  # noqa: E402
from hostile import Hostile, answer, self_signed  # noqa: E402

from assist_escalation.provider.transport import Transport  # noqa: E402


async def offline() -> dict[str, Any]:
    urls = ["http://127.0.0.1:9/v1", "http://localhost:9/v1", "https://api.good.example/v1"]
    heard = [await hear(Transport(offline=True), call(url)) for url in urls]
    heavy = sorted({"openai", "httpx2", "httpcore2"} & sys.modules.keys())
    sent = [each.error.sent if each.error else None for each in heard]
    return {
        "kinds": [each.kind for each in heard],
        "sent": sent,
        "network": [str(each) for each in seen],
        "heavy": heavy,
    }


async def online() -> dict[str, Any]:
    trusted, context = self_signed(Path(os.environ["TRANSPORT_TLS"]), "")
    async with Hostile(answer("ok")) as plain, Hostile(answer("ok"), context=context) as secret:
        transport = Transport()
        asked = [
            call(plain.url),
            call(plain.url, key=""),
            call(secret.url),
            call(secret.url, ca_file=str(trusted)),
        ]
        heard = [await hear(transport, each) for each in asked]
        ours = {("127.0.0.1", port) for port in (0, plain.port, secret.port)}
    connects = [address for name, address in seen if name in ("socket.connect", "socket.bind")]
    return {
        "handlers": len(logging.root.handlers),
        "texts": [each.text for each in heard],
        "kinds": [each.kind for each in heard],
        "headers": [request.headers for request in plain.requests + secret.requests],
        "authorization": [request.headers.get("authorization") for request in plain.requests],
        "strangers": [str(address) for address in connects if tuple(address) not in ours],
    }


print(json.dumps(asyncio.run(offline() if os.environ.get("TRANSPORT_OFFLINE") else online())))
