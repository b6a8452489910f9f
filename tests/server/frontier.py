"""A real model server on loopback that stands in for a provider: llama.cpp's own, from the xllamacpp wheel.

It knows nothing of assist; it is a process of its own, and speaks OpenAI's protocol.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import server_options
from server_options import Options

SERVER = Path(server_options.__file__).with_name("wheel_server.py")
CONTEXT = 4096  # tokens of question and answer: the questions of tests are about tiny workspaces
BATCH = 256  # tokens that are read at once: a cancelled question is noticed between two batches


@contextmanager
def frontier(model: Path, *, threads: int = 1, context: int = CONTEXT) -> Iterator[str]:
    """The base URL of a running server with this model, until the block ends."""
    options = Options(model, threads=threads, context=context, batch=BATCH, ubatch=BATCH)
    command = [sys.executable, str(SERVER), *options.flags()]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL) as process:
        assert process.stdin
        assert process.stdout
        try:
            ready = next((line for line in process.stdout if line.startswith(b'{"port"')), b"")
            assert ready, f"the server ended before {model} was loaded"
            yield f"http://127.0.0.1:{json.loads(ready)['port']}/v1"
        finally:
            process.stdin.close()  # which ends it, unless a request still computes
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def busy(url: str) -> int:
    """How many requests the server computes at this moment."""
    with closing(HTTPConnection(urlsplit(url).netloc, timeout=60)) as connection:
        connection.request("GET", "/metrics")
        page = connection.getresponse().read().decode()
    found = re.search(r"^llamacpp:requests_processing (\d+)", page, re.MULTILINE)
    assert found, page
    return int(found[1])
