"""`[gateway] with_editor`: a gateway that runs while an editor does, in a process of its own."""

import asyncio
from pathlib import Path

import pytest
from recording import configure
from talker import open_talker

from assist_gateway.http.listening import GatewayAddress, bind
from assist_gateway.http.probe import answers


def free_port() -> int:
    made, address = bind(GatewayAddress())
    made.close()
    return address.port


async def until_it_answers(address: GatewayAddress, wanted: bool) -> None:
    async with asyncio.timeout(60):
        while await answers(address) is not wanted:
            await asyncio.sleep(0.05)


@pytest.mark.slow
async def test_the_gateway_begins_with_the_editor_and_ends_with_it(
    home: dict[str, str], shop: Path, tmp_path: Path
) -> None:
    address = GatewayAddress(port=free_port())
    configure(tmp_path, f"[gateway]\nport = {address.port}\nwith_editor = true\n")
    assert not await answers(address)
    async with open_talker(home, shop):
        await until_it_answers(address, True)
    await until_it_answers(address, False)
