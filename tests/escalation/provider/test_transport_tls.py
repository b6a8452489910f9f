"""Certificates are checked against the machine's own, or only against the user's file."""

import ssl
from pathlib import Path

import pytest
from calling import call, hear
from hostile import Hostile, answer, self_signed

from assist_escalation.provider.transport import Times, Transport


@pytest.fixture
def ours(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    return self_signed(tmp_path / "ours", "IP:127.0.0.1")


async def test_a_certificate_of_the_users_file_is_trusted(ours: tuple[Path, ssl.SSLContext]) -> None:
    async with Hostile(answer("x"), context=ours[1]) as vendor:
        heard = await hear(Transport(), call(vendor.url, ca_file=str(ours[0])))
    assert heard.text == "x"


async def test_a_strangers_certificate_is_not(ours: tuple[Path, ssl.SSLContext], tmp_path: Path) -> None:
    other, _ = self_signed(tmp_path / "other", "IP:127.0.0.1")
    async with Hostile(answer("x"), context=ours[1]) as vendor:
        for ca_file in ("", str(other)):
            heard = await hear(Transport(), call(vendor.url, ca_file=ca_file))
            assert heard.error
            assert (heard.kind, heard.error.sent) == ("tls", False)
    assert vendor.requests == []
    assert vendor.connections <= 2, "what cannot be trusted is not tried again"


async def test_nor_is_one_for_another_host(tmp_path: Path) -> None:
    crt, context = self_signed(tmp_path / "host", "DNS:other.example")
    async with Hostile(answer("x"), context=context) as vendor:
        heard = await hear(Transport(), call(vendor.url, ca_file=str(crt)))
    assert (heard.kind, vendor.requests) == ("tls", [])


async def test_nor_is_plain_text() -> None:
    async with Hostile(answer("x")) as vendor:
        url = f"https://127.0.0.1:{vendor.port}/v1"
        heard = await hear(Transport(times=Times(connect=0.3, first=0.3)), call(url))
    assert heard.error
    assert not heard.error.sent
    assert vendor.requests == []


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
async def test_a_file_without_certificates_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)
    heard = await hear(Transport(), call("https://127.0.0.1:9/v1", ca_file=str(path)))
    assert heard.kind == "tls"
    assert repr(str(path)) in str(heard.error)
