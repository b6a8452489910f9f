"""A session of ghost text that is killed at random moments: `python ghost_child.py FOLDER URL ROUNDS SEED`.

Each round is a process that sends prompts through a real session to URL, and gets SIGKILL some requests and
milliseconds after its start. What it wrote stays in FOLDER, also for the next round.
"""

import asyncio
import os
import random
import signal
import sys
import time
from contextlib import aclosing
from pathlib import Path

from team_servers import rules, session, texts

MOST_REQUESTS = 12
LONGEST_S = 0.02  # after its last request
WINDOW = 3.0  # seconds of its clock that pass with each request, so that windows end often


async def type_on(folder: Path, url: str, told: int, count: int) -> None:
    """`count` requests of one session. It writes a byte to `told` after each."""
    now = [0.0]
    asked = session(folder, rules(url, folder), lambda: now[0])
    for number in range(count):
        async with aclosing(asked.complete(texts(folder, f"x = {number}"), 8, one_line=True)) as found:
            async for _ in found:
                pass
        now[0] += WINDOW * 5
        os.write(told, b".")
    await asked.close()


def main(folder: Path, url: str, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    # Loaded once, so that a round takes milliseconds instead of seconds.
    asyncio.run(type_on(folder, url, os.open(os.devnull, os.O_WRONLY), 1))
    for _ in range(rounds):
        hears, tells = os.pipe()
        child = os.fork()
        if not child:
            try:
                asyncio.run(type_on(folder, url, tells, 10_000))
            finally:
                os._exit(1)
        os.close(tells)
        for _ in range(chance.randint(0, MOST_REQUESTS)):
            if not os.read(hears, 1):
                break
        time.sleep(chance.random() * LONGEST_S)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(hears)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
