"""The policy of another tool under test, over either server.

A policy is when a tool asks, with which prompt, and what it shows of the answer. The server and the model
file are the same for all. Each number names its source. Reports say "the llama.vim policy", because it is the
tool's policy written again from its source, not the tool.
"""

from functools import partial
from pathlib import Path

from bench.peers.http_infill import start
from bench.peers.llama_vim import LlamaVim
from bench.peers.port import Peer
from bench.peers.server_options import Options

# Each policy with the server options that its documentation names, or llama-server's defaults.
# llama.vim, README: -b 1024 -ub 1024 --cache-reuse 256.
POLICIES: dict[str, tuple[type[Peer], dict[str, int]]] = {
    "llama.vim": (LlamaVim, {"batch": 1024, "ubatch": 1024, "reuse": 256}),
}


def peer(name: str, model: Path, build: str = "own", threads: int = 2) -> Peer:
    """Return a policy by name over its own server; `build` is "own" or "wheel"."""
    kind, options = POLICIES[name]
    made = kind(partial(start, Options(model, threads, **options), build))
    made.name = f"{name} policy" if build == "own" else f"{name} policy, {build} build"
    return made
