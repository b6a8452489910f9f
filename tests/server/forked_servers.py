"""Starts `assist lsp` by forking a process that has imported it, for tests that ask questions.

Imports take 1.3 of the 2.1 s of CPU of such a session. All else is as in a process of its own: it has its own
handles, folder, variables and exit code. Tests whose subject is the process, its signals or its start run one.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import fake_lsp
import fork_parent

from bench.editors.lsp_client import SERVER, Client

FORKS = sys.platform == "linux"  # elsewhere there are no forks, or no handle tells when a child ends
IMPORTED = (
    "openai",
    "assist_server.lsp.server",
    "assist_server.editor.question_place",
    "assist_server.editor.question_work",
    "assist_server.local_model.opening",
    "assist_server.team.team_server_opening",
)
# A process without any import of ours: it hands over its handles, and leaves with the server's exit code.
LAUNCHER = """
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as road:
    road.connect(sys.argv[1])
    asked = json.dumps([os.getcwd(), dict(os.environ)]).encode()
    socket.send_fds(road, [len(asked).to_bytes(4, "big")], [0, 1, 2])
    road.sendall(asked)
    os.close(0)
    os.close(1)
    code = road.recv(1)
os._exit(code[0] if code else 1)
"""


class FakeModelClient(Client):
    """The client of a server in a process of its own, which has a fake model if the environment says so."""

    server = (sys.executable, "-P", fake_lsp.__file__)


class ForkedClient(Client):
    """The same of a server that is a fork, within a block of `forking`."""


@contextmanager
def forking() -> Iterator[None]:
    """Keep the process that is forked, and have each `ForkedClient` start its server so."""
    if not FORKS:
        ForkedClient.server = FakeModelClient.server
        yield
        ForkedClient.server = SERVER
        return
    with tempfile.TemporaryDirectory() as folder:
        address = str(Path(folder, "socket"))
        command = [sys.executable, "-P", fork_parent.__file__, address, *IMPORTED]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
            assert parent.stdin is not None
            assert parent.stdout is not None
            assert parent.stdout.read(1) == b"1", "the modules could not be imported"
            ForkedClient.server = [sys.executable, "-I", "-S", "-c", LAUNCHER, address]
            yield
            ForkedClient.server = SERVER
            parent.stdin.close()
