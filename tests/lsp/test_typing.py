"""What typing costs in tokens, counted over the real protocol."""

import argparse
from collections.abc import Mapping
from pathlib import Path

import pytest
from fake_lsp import knowing
from forked_servers import ForkedClient

from bench.editors.lsp_client import serving
from bench.editors.lsp_typist import Typist, keys_of
from bench.typing.figures import percentile

SOURCE = Path(argparse.__file__).read_text(encoding="utf-8").split("\n")
WRONG = "\n".join(SOURCE[:260]).replace("_format_text", "_write_text")


@pytest.mark.slow
async def test_a_key_costs_a_token_or_two(home: Mapping[str, str]) -> None:
    """Eight lines into a 500-line file at a warm place, with newlines counted; the model errs once.

    It knows no more for the 60 bytes after the place and after its error.
    """
    options = {"completion": {"mode": "eager"}}
    async with serving(knowing(home, WRONG), options=options, make=ForkedClient) as client:
        await client.until("ready")
        typist = Typist(client, [*SOURCE[:250], *SOURCE[258:520]], 250)
        await typist.ask()
        presses = [await typist.press(key) for key in keys_of(SOURCE[250:258])]
        evaluated = [press.evaluated for press in presses if press.by_model]
        requests, asked = typist.counts["requests"], typist.counts["source-model"]
    assert percentile(evaluated, 0.5) <= 4
    assert percentile(evaluated, 0.95) <= 24
    assert asked / requests <= 0.5
