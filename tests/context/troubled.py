"""What a grammar may do to its process, chosen by a word in the text; other texts are parsed as usual."""

import os
import re
import signal
import time
from collections.abc import Callable
from contextlib import suppress

from assist_context.index import extraction
from assist_context.indexer import wire


def loop() -> None:
    while True:
        pass


def hold_the_lock() -> None:
    re.match(r"(a+)+$", "a" * 60 + "b")  # native code that holds the GIL


def eat() -> None:
    eaten = []
    while True:
        eaten.append(bytes(50_000_000))  # allocated, never written: writing could take longer than the limit


def fail() -> None:
    raise ValueError


def print_noise() -> None:
    print("noise", flush=True)
    os.write(1, b'["parsed", null]\nnoise')


def scribble() -> None:
    for descriptor in range(3, 12):
        with suppress(OSError):
            os.write(descriptor, b"\0noise\n")


def lie(*definition: object, text: object = "a\n" * 9, head: object = "") -> None:
    rows = [[*definition, 1, ""]] if definition else []
    outline = [["python", 0, rows, [], [], [], ""], text, {"f": head}]
    for descriptor in range(3, 12):
        with suppress(OSError):
            os.write(descriptor, wire.line(["outlined", outline]))


TROUBLE: dict[str, Callable[[], object]] = {
    "loops": loop,
    "holds the lock": hold_the_lock,
    "sleeps": lambda: time.sleep(600),
    "aborts": os.abort,
    "segfaults": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "is killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "eats": eat,
    "raises": fail,
    "prints": print_noise,
    "scribbles": scribble,
    "lies about lines": lambda: lie("f", "function", -900, 9),
    "lies about names": lambda: lie(7, "function", 1, 9),
    "lies about text": lambda: lie(text=None),
    "lies about heads": lambda: lie(head=7),
}


def parse(path: str, text: str) -> extraction.OutlineWithText:
    for word, make in TROUBLE.items():
        if word in text:
            make()
    return extraction.read_outline(path, text)
