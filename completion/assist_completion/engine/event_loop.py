"""Calls of other threads to the event loop, which may be closed by then."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any


def call_on(loop: asyncio.AbstractEventLoop, callback: Callable[..., object], *arguments: Any) -> None:
    """Call a function on a loop, soon; nothing happens if the loop is closed. From any thread.

    To close a model's worker waits two seconds at most, so its last job may end after the server has.
    """
    with suppress(RuntimeError):  # the loop is closed
        loop.call_soon_threadsafe(callback, *arguments)
