"""A session of ghost text that is killed at random moments: `python ghost_child.py FOLDER URL ROUNDS SEED`.

Each round is a process that sends prompts through a real session to URL, and gets SIGKILL some requests and
milliseconds after its start. What it wrote stays in FOLDER, also for the next round.
"""

import os
import sys
from contextlib import aclosing
from pathlib import Path

from killed_rounds import KillMoment, kill_rounds
from team_servers import rules, session, texts

MAX_REQUESTS = 12
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
    kill_rounds(
        lambda _, told, count: type_on(folder, url, told, count),
        KillMoment(0, MAX_REQUESTS, LONGEST_S),
        rounds,
        seed,
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
