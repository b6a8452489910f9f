"""A road that is killed at random moments: `python road_child.py FOLDER URL ROUNDS SEED`.

Each round is a process that carries requests of a tool through the real road to URL, several at a time, and gets
SIGKILL some steps and milliseconds after its start. What it wrote stays in FOLDER, also for the next round.
"""

import asyncio
import os
import sys
from pathlib import Path

from gates import SCOPE, parts, settings
from killed_rounds import KillMoment, kill_rounds
from roads import CHAT, ROUTES, nothing_kept, read, tool_for

from assist_escalation.policy.permissions import Layer, permissions
from assist_escalation.provider.request import Times
from assist_gateway.foreign_request import ForeignRequest
from assist_gateway.proxy.proxied_request import ProxyRules
from assist_gateway.proxy.proxy import ProviderProxy, ProxyParts

AT_ONCE = 3
MAX_STEPS = 20
LONGEST_S = 0.03  # after its last step


def made_road(folder: Path, url: str) -> ProviderProxy:
    made = settings(
        url, max_cost_usd_per_request=1.0, max_cost_usd_per_day=1000.0, gateway_session_usd=1000.0
    )
    allowed = permissions([Layer("user", "config.toml", made)], [str(folder)])
    gate = parts(folder, times=Times())
    rules = ProxyRules(allowed, gate, nothing_kept, SCOPE, None)
    return ProviderProxy(
        ProxyParts(lambda _: allowed, lambda *_: rules, lambda *_: None, gate.transport, ROUTES)
    )


async def lanes(folder: Path, url: str, told: int, count: int) -> None:
    """`count` requests in each of several lanes; a byte goes to `told` at the start and the end of each."""
    tool = tool_for(folder)

    async def lane() -> None:
        road = made_road(folder, url)
        for number in range(count):
            os.write(told, b".")
            body = {"model": "acme", "stream": True, "messages": [{"role": "user", "content": f"{number}"}]}
            response = await road.forward(ForeignRequest(CHAT, body), tool)
            os.write(told, b".")
            await read(response)
        await road.close()

    await asyncio.gather(*(lane() for _ in range(AT_ONCE)))


def main(folder: Path, url: str, rounds: int, seed: int) -> None:
    kill_rounds(
        lambda _, told, count: lanes(folder, url, told, count),
        KillMoment(1, MAX_STEPS, LONGEST_S),
        rounds,
        seed,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
