"""Who may ask: only programs of this machine that have a token, and never a web page.

A page that a browser shows can reach every port of the machine, also by a name of its own that it lets point
here. So a request needs one of the gateway's own names as its `Host`, may have nothing that only browsers
send, has to send JSON as such, and needs a token. Everything is judged by the head, before any body is read.
"""

from collections.abc import Mapping, Sequence

from assist_gateway.foreign_request import GatewayRefusal
from assist_gateway.tool_tokens import KnownTools, ToolToken

# What browsers put into requests of pages, and programs do not.
BROWSERS = ("origin", "sec-fetch-site", "sec-fetch-dest", "access-control-request-method")
UNKNOWN_TOOL = (
    "This needs the token of a tool: `assist gateway token NAME --workspace DIR` makes one; send it as "
    '"Authorization: Bearer TOKEN".'
)

RawHeaders = Sequence[tuple[bytes, bytes]]


def admit(method: str, raw: RawHeaders, hosts: frozenset[str], known: KnownTools) -> ToolToken:
    """The tool of a request with these headers. Raises `GatewayRefusal`, and `UserError`."""
    named = [value for name, value in raw if name == b"host"]
    host = named[0].decode("latin-1").lower() if len(named) == 1 else ""
    if host not in hosts:
        raise GatewayRefusal(403, "wrong_host", "The Host header does not name this gateway.")
    headers = unique_headers(raw)
    if any(name in headers for name in BROWSERS) or method not in ("GET", "POST"):
        raise GatewayRefusal(403, "from_browser", "The gateway does not answer requests from web pages.")
    tool = known.tool_of(headers.get("authorization", "") or headers.get("x-api-key", ""))
    if tool is None:
        raise GatewayRefusal(401, "invalid_api_key", UNKNOWN_TOOL)
    if method == "POST":
        _check_kind(headers)
    return tool


def unique_headers(raw: RawHeaders) -> Mapping[str, str]:
    """Headers by their names in lower case. Raises `GatewayRefusal` if one that matters comes twice."""
    headers: dict[str, str] = {}
    for name, value in raw:
        key = name.decode("latin-1").lower()
        if key in headers and key in ("authorization", "x-api-key", "content-type", "content-encoding"):
            raise GatewayRefusal(400, "twice", f"The header {key} is present twice.")
        headers[key] = value.decode("latin-1")
    return headers


def _check_kind(headers: Mapping[str, str]) -> None:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":  # a form of a page can send other kinds unasked
        raise GatewayRefusal(415, "not_json", "Send JSON, with the header Content-Type: application/json.")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise GatewayRefusal(415, "encoded", "Send the body uncompressed, without Content-Encoding.")
