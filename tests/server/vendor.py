"""A provider on loopback for the command line and the language server: scripted, in a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hostile import DONE, Act, Hostile, chunk, head, usage

PRICE = "{ input_usd_per_mtok = 3.0, output_usd_per_mtok = 15.0 }"


def scripted_answer(text: str, model: str = "frontier-1") -> Act:
    """A complete answer in two pieces; 120 tokens are read and 30 written."""
    half = len(text) // 2
    pieces = [chunk(text[:half], model=model), chunk(text[half:], model=model)]
    return [head(), *pieces, chunk(finish="stop", model=model), usage(120, 30), DONE]


@contextmanager
def vendor(*acts: Act) -> Iterator[Hostile]:
    """The provider, which plays one act for each request until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = Hostile(*acts)

    def run(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(30)

    run(server.__aenter__())
    try:
        yield server
    finally:
        run(server.__aexit__())
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def configure_provider(
    config: Path, url: str, *, model: Path | str = "", mode: str = "auto", more: str = ""
) -> None:
    """A config.toml with that provider and, if named, a local model."""
    config.mkdir(exist_ok=True)
    local = (
        f'[completion]\nmodel = "{model}"\n' if model else '[completion]\nmodel = "/nowhere/missing.gguf"\n'
    )
    (config / "config.toml").write_text(
        f'{local}[escalation]\nmode = "{mode}"\nmax_escalation_rate = 1.0\nalways_ask = []\n{more}\n'
        f'[providers.acme]\nbase_url = "{url}"\nmodel = "frontier-1"\napi_key_env = "ACME_KEY"\n'
        f'residency = ["public", "internal"]\nprice = {PRICE}\n'
    )


@contextmanager
def provider(place: Path, *acts: Act, mode: str = "auto", more: str = "") -> Iterator[Hostile]:
    """The provider, which plays its acts, and is the one that the config.toml in `place` names."""
    with vendor(*acts) as server:
        configure_provider(place / "config", server.url, mode=mode, more=more)
        yield server
