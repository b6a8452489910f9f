"""The gateway that runs while an editor does, in a process of its own: no request holds the editor up.

It knows nothing of the gateway but its command. Where another process has the port, the gateway waits for it.
"""

import logging
import subprocess
from contextlib import suppress
from importlib.util import find_spec

from assist_context.indexer.children import start_child

log = logging.getLogger(__name__)


class GatewayProcess:
    """Owns the process. It ends with this one, whatever happens."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, *, offline: bool) -> None:
        """Start it, unless it runs. What is wrong with its settings it says itself, on the command line."""
        if self._process is not None:
            return
        if find_spec("uvicorn") is None:
            log.warning("[gateway] with_editor needs the extra `gateway`: see docs/gateway.md.")
            return
        try:
            options = ["gateway", "--from-editor", *(["--offline"] if offline else [])]
            self._process = start_child("assist_server", options)
        except OSError as error:
            log.warning("The gateway cannot be started: %s.", error.strerror)

    def close(self) -> None:
        """Let it end: it does so at the end of its input."""
        if self._process is not None and self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        self._process = None
