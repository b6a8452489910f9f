"""Nothing goes to any host but the provider's, whatever the environment, a vendor or a URL says."""

import asyncio
import json
import os
import random
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from calling import KEY, call, hear
from hostile import Hostile, answer, head, self_signed
from rounds import rounds

from assist_escalation.errors import EscalationError
from assist_escalation.policy.endpoints import Provider
from assist_escalation.provider.failures import Fault
from assist_escalation.provider.request import CHAT_PATH, check_address
from assist_escalation.provider.transport import PinnedTransport, Times, Transport

HERE = Path(__file__).parents[1]
ONLY = "https://api.good.example/v1/chat/completions"
HOSTS = [
    "api.good.example", "API.GOOD.EXAMPLE", "api.good.example.", "api.good.example:443", "api.good.example:8443",
    "evil.example", "api.good.example.evil.example", "api.good.example@evil.example", "user:pw@api.good.example",
    "evil.example#@api.good.example", "evil.example\\@api.good.example", "[::1]", "[::ffff:127.0.0.1]", "127.1",
    "0x7f.1", "2130706433", "localhost", "xn--pi-mia.good.example", "äpi.good.example", "ａpi.good.example",
    "api。good。example", "api.good.example%2eevil.example", "api.good.example%00.evil.example", "", "a..b", "-", "%",
    "api.good.example:0", "api.good.example:99999", "api_good.example", "api.good.exam\u200bple", "api.good.example\t",
]  # fmt: skip
PATHS = [
    "/v1/chat/completions", "/v1/chat/completions/", "/v1//chat/completions", "/v1/chat/completions?x=1", "/",
    "/v1/chat/completions#x", "/v1/../evil", "/v1/chat%2fcompletions", "/V1/chat/completions", "", "//evil.example/v1",
    "/v1/chat/completions;x", "http://evil.example/", "/v1/files", "/v1/chat/completions%00", "@evil.example/",
]  # fmt: skip
SCHEMES = ["https://", "http://", "HTTPS://", "https:/", "//", "ftp://", "file://", "https:\\\\", "ws://", ""]


class Counting(httpx2.AsyncBaseTransport):
    """The address that a connection pool would connect to."""

    def __init__(self) -> None:
        self.passed: list[httpx2.Request] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.passed.append(request)
        return httpx2.Response(200)


def spelling(chance: random.Random) -> str:
    text = chance.choice(SCHEMES) + chance.choice(HOSTS) + chance.choice(PATHS)
    if chance.random() < 0.3:
        at = chance.randrange(len(text) + 1)
        text = text[:at] + chance.choice("@:/\\#?%.[] \t\n\x00äA。") + text[at + chance.randrange(2) :]
    return text


async def test_fuzzed_requests_pass_the_door_to_one_address_only() -> None:
    chance, inner, tried, allowed = random.Random(5), Counting(), 0, 0
    door = PinnedTransport(inner, httpx2.URL(ONLY), KEY, Times())
    evil = {"extensions": {"target": b"http://evil.example/", "sni_hostname": "evil.example"}}
    while tried < rounds(8_000, 2_000):
        tried += 1
        url = ONLY if tried % 500 == 0 else spelling(chance)
        method = chance.choice(["POST", "POST", "GET", "CONNECT"])
        try:
            request = httpx2.Request(
                method, url, headers={"Host": "evil.example", "Cookie": "x"}, content=b"{}", **evil
            )
            allowed += method == "POST" and str(request.url) == ONLY
            await door.handle_async_request(request)
        except (Fault, httpx2.InvalidURL, ValueError):
            continue
    assert len(inner.passed) == allowed >= tried // 500
    for passed in inner.passed:
        assert (passed.method, str(passed.url)) == ("POST", ONLY)
        assert passed.headers["host"] == "api.good.example"
        assert "cookie" not in passed.headers
        assert passed.extensions.keys() == {"timeout", "trace"}


def test_a_fuzzed_base_url_has_one_reading() -> None:
    chance, accepted = random.Random(6), 0
    for _ in range(rounds(20_000, 3_000)):
        base = spelling(chance)
        try:
            to = check_address(Provider(base, "m").base_url, "") + CHAT_PATH
            read = httpx2.URL(to)
        except (EscalationError, httpx2.InvalidURL):
            continue
        accepted += 1
        ours = urlsplit(base)
        default = {"https": 443, "http": 80}[ours.scheme]
        assert (read.scheme, read.raw_host.decode()) == (ours.scheme, (ours.hostname or "").strip("[]"))
        assert (read.port or default) == (default if ours.port is None else ours.port)
        assert not read.userinfo
        assert not read.fragment
        assert not read.query
    assert accepted > 20


@pytest.mark.parametrize(
    "url",
    [
        "https://a..b/v1", "https://x:0/v1", "https://[::zz]/v1", "https://[1:2]/v1", "https://-/v1",
        "https://" + "a" * 70 + "/v1", "https://" + "a." * 200 + "b/v1", "https://%/v1", "https://a/v1#x", "https://ä/v1",
    ],
)  # fmt: skip
async def test_an_odd_base_url_is_an_error_and_nothing_is_sent(url: str) -> None:
    try:
        asked = call(url)
    except EscalationError:
        return  # the settings refuse it
    heard = await hear(Transport(times=Times(0.2, 0.2, 0.2, 1.0)), asked)
    assert heard.error
    assert not heard.error.sent


@pytest.mark.parametrize(
    "proxy", ["socks5://u:pw@h:1", "https://u:pw@h:1", "http://u:pw@", "http://u:pw@h:99999", "pw"]
)
async def test_an_odd_proxy_is_an_error_without_its_text(proxy: str) -> None:
    async with Hostile(answer("x")) as vendor:
        heard = await hear(Transport(), call(vendor.url, proxy=proxy))
    assert heard.error
    assert (heard.error.sent, vendor.connections) == (False, 0)
    assert "pw" not in str(heard.error)


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "spelled", ["http://127.0.0.1:{}/v1/chat/completions", "//127.0.0.1:{}/", "http://u:p@localhost:{}/"]
)
async def test_a_redirect_reaches_nobody(status: int, spelled: str) -> None:
    async with (
        Hostile(answer("stolen")) as other,
        Hostile([head(status, location=spelled.format(other.port))]) as vendor,
    ):
        heard = await hear(Transport(), call(vendor.url))
    assert heard.kind == "refused"
    assert "base_url" in str(heard.error)
    assert (len(vendor.requests), other.connections) == (1, 0)


async def test_a_proxy_is_the_only_one_asked() -> None:
    async with Hostile(answer("x")) as vendor, Hostile(answer("by proxy")) as proxy:
        url = vendor.url
        heard = await hear(Transport(), call(url, proxy=f"http://127.0.0.1:{proxy.port}"))
    assert heard.text == "by proxy"
    assert proxy.requests[0].line == f"POST {url}/chat/completions HTTP/1.1"
    assert vendor.connections == 0


async def test_a_proxy_that_refuses_a_tunnel_sees_nothing() -> None:
    async with Hostile([head(403)]) as proxy:
        asked = call("https://api.good.example/v1", proxy=f"http://127.0.0.1:{proxy.port}")
        heard = await hear(Transport(), asked)
    assert heard.error
    assert (heard.kind, heard.error.sent) == ("unreachable", False)
    assert {seen.line for seen in proxy.requests} == {"CONNECT api.good.example:443 HTTP/1.1"}
    assert all("authorization" not in seen.headers and not seen.body for seen in proxy.requests)


async def run_child(environ: Mapping[str, str]) -> dict[str, object]:
    path = os.pathsep.join([str(HERE), *sys.path])
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        str(HERE / "transport_child.py"),
        env={"PATH": os.defpath, "PYTHONPATH": path, **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await child.communicate()
    assert (child.returncode, err.decode()) == (0, "")
    found: dict[str, object] = json.loads(out)
    return found


async def test_no_environment_variable_has_an_effect(tmp_path: Path) -> None:
    headers = (
        "Authorization: Bearer evil\nauthorization: Bearer evil\nuser-agent: evil\nX-Evil: evil\nHost: evil"
    )
    trusted, _ = self_signed(tmp_path / "tls", "IP:127.0.0.1")
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login evil password evil\n")
    keys = ["API_KEY", "ADMIN_KEY", "ORG_ID", "PROJECT_ID", "WEBHOOK_SECRET"]
    async with Hostile(answer("stolen")) as evil:
        url = f"http://127.0.0.1:{evil.port}"
        proxies = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        environ = {
            **{f"OPENAI_{name}": "evil" for name in keys},
            **dict.fromkeys(proxies, url),
            "OPENAI_BASE_URL": url,
            "OPENAI_CUSTOM_HEADERS": headers,
            "OPENAI_LOG": "debug",
            "OPENAI_API_TYPE": "azure",
            "HOME": str(tmp_path),
            "NETRC": str(tmp_path / ".netrc"),
            "SSL_CERT_FILE": str(trusted),
            "SSLKEYLOGFILE": str(tmp_path / "keys"),
            "TRANSPORT_TLS": str(tmp_path / "tls"),
        }
        found = await run_child(environ)
    assert found["texts"] == ["ok", "ok", "", "ok"]
    assert found["kinds"] == ["", "", "tls", ""]
    assert found["authorization"] == [f"Bearer {KEY}", None]
    assert "evil" not in json.dumps(found["headers"])
    assert found["strangers"] == []
    assert found["handlers"] == 0
    assert evil.connections == 0
    assert not (tmp_path / "keys").exists()


async def test_neither_import_nor_offline_opens_a_socket() -> None:
    found = await run_child({"TRANSPORT_OFFLINE": "1"})
    assert found == {"kinds": ["offline"] * 3, "sent": [False] * 3, "network": [], "heavy": []}
