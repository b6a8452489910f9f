"""Processes that work until they get SIGKILL, one after the other, some steps and milliseconds after their start."""

import asyncio
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

COUNT = 10_000  # what a process begins with, which is more than it can end

# What a process does, for the name of its round: that many times, with a byte to a file for each step.
Work = Callable[[str, int, int], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class KillMoment:
    """When a process is killed: after at least and at most so many steps, and at most seconds after that."""

    least: int
    most: int
    longest_s: float


def kill_rounds(work: Work, moment: KillMoment, rounds: int, seed: int) -> None:
    """Begin and kill so many processes. Exits if one ends before it is killed."""
    chance = random.Random(seed)
    # Loaded once, so that a round takes milliseconds instead of seconds.
    asyncio.run(work("first", os.open(os.devnull, os.O_WRONLY), 1))
    for number in range(rounds):
        hears, tells = os.pipe()
        child = os.fork()
        if not child:
            try:
                asyncio.run(work(f"round-{number}", tells, COUNT))
            finally:
                os._exit(1)  # it was not killed, and the parent notices
        os.close(tells)
        for _ in range(chance.randint(moment.least, moment.most)):
            if not os.read(hears, 1):
                break
        time.sleep(chance.uniform(0, moment.longest_s))
        os.kill(child, signal.SIGKILL)
        os.close(hears)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            sys.exit(f"round {number} ended by itself")
