"""A real model server on loopback in the role of a provider: llama.cpp's own, from the xllamacpp wheel.

It knows nothing of assist. It is a process of its own and speaks OpenAI's protocol.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.peers import server_options
from bench.peers.server_options import Options

BENCHMARKS = Path(server_options.__file__).parents[2]
CONTEXT = 4096  # tokens of question and answer; test questions are about tiny workspaces
BATCH = 256  # tokens in a batch; a cancelled request is noticed between two batches


@contextmanager
def frontier(model: Path, *, context: int = CONTEXT) -> Iterator[str]:
    """The base URL of a running server with this model, until the block ends.

    It has one thread: two of them wait for each other where other tests compute, and then answer after a minute.
    """
    options = Options(model, threads=1, context=context, batch=BATCH, ubatch=BATCH)
    command = [sys.executable, "-m", "bench.peers.wheel_server", *options.flags()]
    pipe = subprocess.PIPE
    environ = {**os.environ, "PYTHONPATH": str(BENCHMARKS)}
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=environ
    ) as process:
        assert process.stdin
        assert process.stdout
        try:
            ready = next((line for line in process.stdout if line.startswith(b'{"port"')), b"")
            assert ready, f"the server ended before {model} was loaded"
            yield f"http://127.0.0.1:{json.loads(ready)['port']}/v1"
        finally:
            process.stdin.close()  # this ends the server, unless it is still busy with a request
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
