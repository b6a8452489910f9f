"""A language server over its standard streams, as far as a benchmark needs it: open a file, ask, close.

It answers what servers ask of a client with nothing, but for settings. One request at a time.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SERVERS: Mapping[str, tuple[str, ...]] = {
    "python": ("node_modules/.bin/pyright-langserver", "--stdio"),
    "typescript": ("node_modules/.bin/typescript-language-server", "--stdio"),
    "go": ("bin/gopls",),
    "rust": ("bin/rust-analyzer",),
    "php": ("node_modules/.bin/intelephense", "--stdio"),
}
Edit = tuple[int, int, int, int, str]  # first line and column, last line and column, text; columns in UTF-16


@dataclass(frozen=True, slots=True)
class ServerSetup:
    """What a server needs to know about a workspace: options when it starts, and settings by their section.

    `is_ready`: whether a notification says that the workspace is loaded, for servers that say it so.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    is_ready: Callable[[Mapping[str, Any]], bool] | None = None


@dataclass(slots=True)
class LanguageServer:
    """A running server for one folder."""

    process: subprocess.Popen[bytes]
    root: Path
    setup: ServerSetup = field(default_factory=ServerSetup)
    _last: int = 0
    _opened: dict[str, int] = field(default_factory=dict)

    def open(self, path: Path, language: str, text: str | None = None) -> None:
        """Open a file, with another text than it has if one is given."""
        text = path.read_bytes().decode("utf-8") if text is None else text
        document = {"uri": path.as_uri(), "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def close(self, path: Path) -> None:
        self.notify("textDocument/didClose", {"textDocument": {"uri": path.as_uri()}})

    def rename(self, path: Path, line: int, column: int, name: str) -> list[Edit] | None:
        """The edits of this file, sorted; `None` if the server refuses."""
        position = {"line": line, "character": column}
        document = {"uri": path.as_uri()}
        found = self.request(
            "textDocument/rename", {"textDocument": document, "position": position, "newName": name}
        )
        if not isinstance(found, dict):
            return None
        edits = list(found.get("changes", {}).get(path.as_uri(), []))
        for change in found.get("documentChanges", []):
            if change.get("textDocument", {}).get("uri") == path.as_uri():
                edits += change["edits"]
        return sorted(
            (
                each["range"]["start"]["line"],
                each["range"]["start"]["character"],
                each["range"]["end"]["line"],
                each["range"]["end"]["character"],
                each["newText"],
            )
            for each in edits
        )

    def request(self, method: str, params: Any) -> Any:
        """The result of a request, `None` for an error."""
        self._last += 1
        self._send({"id": self._last, "method": method, "params": params})
        while True:
            message = self._read()
            if message.get("id") == self._last and "method" not in message:
                return message.get("result")
            self._answer(message)

    def wait(self) -> None:
        """Wait until the workspace is loaded, if the server says when."""
        while self.setup.is_ready is not None:
            message = self._read()
            self._answer(message)
            if self.setup.is_ready(message):
                return

    def notify(self, method: str, params: Any) -> None:
        self._send({"method": method, "params": params})

    def _answer(self, message: Mapping[str, Any]) -> None:
        """Answer what the server asks."""
        if "method" not in message or "id" not in message:
            return
        result = None
        if message["method"] == "workspace/configuration":
            result = [self.setup.settings.get(item.get("section")) for item in message["params"]["items"]]
        self._send({"id": message["id"], "result": result})

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.process.stdin.flush()

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        size = 0
        while line := self.process.stdout.readline().strip():
            if line.lower().startswith(b"content-length:"):
                size = int(line.split(b":")[1])
        if not size:
            raise EOFError("the language server ended")
        message: dict[str, Any] = json.loads(self.process.stdout.read(size))
        return message


@contextmanager
def running(
    language: str, installed: Path, root: Path, setup: ServerSetup | None = None
) -> Iterator[LanguageServer]:
    """Starts the server of a language, which is installed below a folder or on the PATH, for a workspace."""
    program, *arguments = SERVERS[language]
    own = installed / program
    process = subprocess.Popen(
        [str(own) if own.exists() else shutil.which(own.name) or own.name, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=root,
    )
    server = LanguageServer(process, root, setup or ServerSetup())
    try:
        capabilities = {
            "workspace": {"configuration": True, "workspaceEdit": {"documentChanges": True}},
            "textDocument": {
                "rename": {"prepareSupport": False},
                "diagnostic": {"dynamicRegistration": False},
                "documentSymbol": {"hierarchicalDocumentSymbolSupport": True},
            },
            "experimental": {"serverStatusNotification": True},
        }
        folders = [{"uri": root.as_uri(), "name": root.name}]
        server.request(
            "initialize",
            {
                "processId": None,
                "rootUri": root.as_uri(),
                "workspaceFolders": folders,
                "capabilities": capabilities,
                "initializationOptions": dict(server.setup.options),
            },
        )
        server.notify("initialized", {})
        server.wait()
        yield server
        server.request("shutdown", None)
        server.notify("exit", None)
    finally:
        process.kill()
        process.wait()
