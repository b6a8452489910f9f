"""The processes that the tests of the ledger run: `python ledger_child.py DOES PATH ...`."""

import ctypes
import json
import os
import random
import resource
import sys
from pathlib import Path

from assist_escalation.budget.ledger import BudgetError, Ledger, ReservationRequest, Scope, SpendingLimits
from assist_escalation.budget.ledger_file import LedgerError
from assist_escalation.prompts import Usage

PLENTY = SpendingLimits(10**9, 10**9, 10**9)
NOON = 1_800_000_000.0 - 1_800_000_000 % 86_400 + 43_200


def an_ask(request_id: str, upper: int, repo: str = "repo") -> ReservationRequest:
    return ReservationRequest(request_id, Scope(repo, "user"), "ask", "provider", "model", upper)


def race(path: Path, name: str, requests: str, limit: str) -> None:
    """Begin when stdin ends. Print what was accepted, what was refused, and what this process spent."""
    ledger, chance = Ledger(path, lambda: NOON, wait_s=60), random.Random(name)
    limits = SpendingLimits(10**9, int(limit), int(limit))
    accepted = refused = spent = 0
    print("ready", flush=True)
    sys.stdin.read()
    for number in range(int(requests)):
        ask = an_ask(f"{name}-{number}", chance.randint(50, 150))
        try:
            ledger.reserve(ask, limits)
        except BudgetError:
            refused += 1
            continue
        accepted += 1
        spent += ask.upper_micro
        if number % 3 == 0:
            paid = ask.upper_micro // 2
            ledger.settle(ask.request_id, paid, Usage(output=1, estimated=True), "cancelled")
            spent += paid - ask.upper_micro
    print(json.dumps({"accepted": accepted, "refused": refused, "spent": spent}))


def spend(path: Path, name: str) -> None:
    """Reserve and settle until killed, always for more than the reservation. Print each step after it."""
    ledger = Ledger(path, lambda: NOON)
    for number in range(10_000):
        ask = an_ask(f"{name}-{number}", 10)
        ledger.reserve(ask, PLENTY)
        os.write(1, b"10\n")
        ledger.settle(ask.request_id, 11, Usage(output=1), "stop")
        os.write(1, b"1\n")


def fill(path: Path, most_bytes: str) -> None:
    """Reserve until no file may grow beyond `most_bytes`. Print the reserved micro-dollars, and why it ended."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(most_bytes), int(most_bytes)))
    ledger, reserved = Ledger(path, lambda: NOON), 0
    try:
        for number in range(10_000):
            ledger.reserve(an_ask(f"{number:0300}", 1), PLENTY)
            reserved += 1
    except LedgerError as error:
        print(json.dumps({"reserved": reserved, "error": str(error)}))


def reserve(path: Path) -> None:
    """Reserve without the superuser's rights, and print why that failed."""
    drop_rights()
    try:
        Ledger(path, lambda: NOON).reserve(an_ask("late", 1), PLENTY)
    except LedgerError as error:
        print(json.dumps({"error": str(error)}))


def drop_rights() -> None:
    """Make the modes of files apply to this process, even if it runs as root."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3 of capset's interface, this process
    none = (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None, use_errno=True).capset(header, none) != 0:
        raise OSError(ctypes.get_errno(), "capset")


if __name__ == "__main__":
    {"race": race, "spend": spend, "fill": fill, "reserve": reserve}[sys.argv[1]](
        Path(sys.argv[2]), *sys.argv[3:]
    )
