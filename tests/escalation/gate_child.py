"""A gate that is killed at random moments: `python gate_child.py FOLDER URL ROUNDS SEED`.

Each round is a process that sends requests through the real gate to URL, several at a time, and gets SIGKILL
some steps and milliseconds after its start. What it wrote stays in FOLDER, also for the next round.
"""

import asyncio
import os
import sys
from contextlib import aclosing
from pathlib import Path

from gates import allowed, parts, request
from killed_rounds import KillMoment, kill_rounds

from assist_escalation.egress.questions import send
from assist_escalation.gate.prepare import GateParts, prepare
from assist_escalation.policy.permissions import Permissions
from assist_escalation.prompts import Origin, Span

AT_ONCE = 3  # requests of one process at the same time
MAX_STEPS = 24  # steps of a process: eight requests of three steps each
LONGEST_S = 0.03  # after its last step
WHY = {"cause": "asked_frontier", "features": {}}


async def ask(number: str, permissions: Permissions, made: GateParts, told: int) -> None:
    """One request, with its id in the user's words. It writes a byte to `told` at its start and for each piece."""
    found = (Span("Explain code.", Origin("assist")), Span(f"This is {number}.", Origin("user")))
    os.write(told, b".")
    async with aclosing(send(prepare(request(permissions, found, number), made), made, WHY)) as stream:
        async for each in stream:
            if isinstance(each, str):
                os.write(told, b".")


async def lanes(name: str, folder: Path, url: str, told: int, count: int) -> None:
    """`count` requests in each of several lanes."""
    permissions = allowed(url, folder, max_cost_usd_per_day=1000.0)

    async def lane(place: int) -> None:
        made = parts(folder)
        for number in range(count):
            await ask(f"{name}-{place}-{number}", permissions, made, told)

    await asyncio.gather(*map(lane, range(AT_ONCE)))


def main(folder: Path, url: str, rounds: int, seed: int) -> None:
    kill_rounds(
        lambda name, told, count: lanes(name, folder, url, told, count),
        KillMoment(1, MAX_STEPS, LONGEST_S),
        rounds,
        seed,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
