"""A language server that answers at once, to measure VS Code's own time from a key to ghost text.

    python benchmarks/bench/editors/vscode_floor.py --version | lsp

It completes a line to the first line in a file that begins with it. The environment variable `ASSIST_FLOOR`
names the file. It speaks just enough of the protocol and computes nothing.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any


def main() -> None:
    """Serve on stdio until the input ends."""
    if sys.argv[1:] == ["--version"]:
        print("assist floor")
        return
    lines = Path(os.environ["ASSIST_FLOOR"]).read_text(encoding="utf-8").split("\n")
    text: list[str] = []
    while (message := _read()) is not None:
        method = message.get("method")
        params = message.get("params") or {}
        if method == "textDocument/didOpen":
            text = params["textDocument"]["text"].split("\n")
        elif method == "textDocument/didChange":
            text = params["contentChanges"][-1]["text"].split("\n")
        if "id" in message and method:
            _write({"id": message["id"], "result": _answer(method, params, text, lines)})
        if method == "initialized":
            _write({"method": "assist/status", "params": STATUS})


STATUS = {
    "model": "floor-coder",
    "state": "ready",
    "latency_ms": None,
    "source": "",
    "tier": "local",
    "budget_left_usd": None,
    "message": "",
}


def _answer(method: str, params: dict[str, Any], text: list[str], lines: list[str]) -> Any:
    if method == "initialize":
        return {"capabilities": {"textDocumentSync": 1, "inlineCompletionProvider": {}}}
    if method != "textDocument/inlineCompletion":
        return None
    at = params["position"]
    typed = text[at["line"]][: at["character"]]
    found = next((each for each in lines if each.startswith(typed) and each != typed), "")
    span = {"start": at, "end": at}
    return {"items": [{"insertText": found[len(typed) :], "range": span}] if found else []}


def _read() -> dict[str, Any] | None:
    length = 0
    while (line := sys.stdin.buffer.readline()).strip():
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    if not line:
        return None
    message: dict[str, Any] = json.loads(sys.stdin.buffer.read(length))
    return message


def _write(message: dict[str, Any]) -> None:
    raw = json.dumps({"jsonrpc": "2.0", **message}).encode()
    sys.stdout.buffer.write(b"Content-Length: %d\r\n\r\n%s" % (len(raw), raw))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
