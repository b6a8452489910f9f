"""The transport of every connection to a provider or a server: one address, one method, fixed headers.

It is below the client libraries. It loads httpx2, and the certificates to trust, with the first call. This
module does not know what is asked.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any

from assist_escalation.provider.failures import Fault
from assist_escalation.provider.request import Times

if TYPE_CHECKING:  # httpx2 takes 0.15 s to import: it is loaded with the first call
    import ssl

    import httpx2

_ERROR_BYTES = 1 << 16  # of a refusal's body: its code is in the first kilobyte
_LOGGERS = ("openai", "httpx2", "httpcore2")  # they may log addresses and headers


class PinnedTransport:
    """Every request passes this, below the client library: it allows one address, one method, fixed headers.

    It follows httpx2's interface for transports, which cannot be a base class before the library is loaded.
    """

    def __init__(
        self,
        inner: "httpx2.AsyncBaseTransport",
        only: "httpx2.URL",
        key: str,
        times: Times,
        method: str = "POST",
    ) -> None:
        self._inner, self._only, self._times, self._method = inner, only, times, method
        self._headers = {
            "Accept": "text/event-stream",
            "Accept-Encoding": "identity",
            "Content-Type": "application/json",
            "User-Agent": "assist",
        }
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self.sends = 0
        self.asked = 0.0

    def set_headers(self, headers: Mapping[str, str]) -> None:
        """Send these headers too, in place of ours with the same name; one without a value is left out.

        They come from a tool's request, so `transport` has checked their names and values.
        """
        all_headers = {**self._headers, **headers}
        self._headers = {name: value for name, value in all_headers.items() if value}

    async def handle_async_request(self, request: "httpx2.Request") -> "httpx2.Response":
        import httpx2  # noqa: PLC0415

        if request.method != self._method or str(request.url) != str(self._only):
            raise Fault("refused", "a request to another address than the provider's was stopped")
        times = {"connect": self._times.connect, "read": None, "write": None, "pool": None}
        outgoing = httpx2.Request(
            self._method,
            self._only,
            headers=self._headers,
            content=await request.aread(),
            extensions={"timeout": times, "trace": self._trace},
        )
        response = await self._inner.handle_async_request(outgoing)
        if response.status_code == 200:
            if response.headers.get("content-encoding", "identity").strip().lower() == "identity":
                return response
            await response.aclose()
            raise Fault("bad-reply", "the answer is compressed, although compression was not accepted")
        body = await self._beginning(response)
        if response.is_success:
            raise Fault("bad-reply", f"it answered with status {response.status_code} instead of 200")
        headers = {name: response.headers[name] for name in ("retry-after",) if name in response.headers}
        return httpx2.Response(response.status_code, headers=headers, content=body)

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Count what may have reached the provider. A proxy's CONNECT holds no part of the request."""
        if event == "http11.send_request_headers.started" and info["request"].method != b"CONNECT":
            self.sends += 1
            self.asked = asyncio.get_running_loop().time()

    async def _beginning(self, response: "httpx2.Response") -> bytes:
        import httpx2  # noqa: PLC0415

        body = bytearray()
        with suppress(TimeoutError, httpx2.RequestError):
            async with asyncio.timeout(self._times.idle), aclosing(response.aiter_raw()) as chunks:
                async for chunk in chunks:
                    body += chunk[:_ERROR_BYTES]
                    if len(body) >= _ERROR_BYTES:
                        break
        await response.aclose()
        return bytes(body)


def load(ca_file: str | None) -> "ssl.SSLContext":
    """Import the library, silence it, and load the certificates to trust; "" means the machine's own."""
    import ssl  # noqa: PLC0415

    import httpx2  # noqa: PLC0415

    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    if ca_file == "":
        return httpx2.create_ssl_context(trust_env=False)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # verifies; reads no SSL_CERT_FILE, no SSLKEYLOGFILE
    try:
        if ca_file:
            context.load_verify_locations(ca_file)
    except OSError:
        raise Fault("tls", f"ca_file = {ca_file!r} cannot be read as certificates (PEM)") from None
    return context


def lost_connection(error: BaseException) -> Fault:
    """The fault for an answer that did not arrive, or broke off."""
    import ssl  # noqa: PLC0415

    at: BaseException | None = error
    while at is not None:
        if isinstance(at, ssl.SSLError):
            return Fault("tls", "its certificate is not trusted: check base_url, proxy and ca_file")
        at = at.__cause__ or at.__context__
    if isinstance(error, TimeoutError):
        return Fault("timeout", "it did not answer in time: try again later, or ask another provider")
    return Fault("unreachable", "no connection, or it was lost: check the network, base_url and proxy")
