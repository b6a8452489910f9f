"""The policies of other tools under test, by name, each over either server; and the simplest policy of all.

A policy is when a tool asks, with which prompt, and what it shows of the answer. The server and the model
file are the same for all. Each number names its source. Reports say "the X policy", because it is the tool's
policy reimplemented from its source, not the tool.
"""

from functools import partial
from pathlib import Path

from bench.peers.continue_dev import Continue
from bench.peers.http_infill import start
from bench.peers.llama_vim import LlamaVim
from bench.peers.port import Peer, nearby, tokens_written
from bench.peers.server_options import Options
from bench.peers.tabby import Tabby
from bench.typing.policy import DocumentView, PolicyAnswer


class NoReuse(Peer):
    """The simplest policy: every key asks at once, and neither client nor server caches anything.

    It sends 256 lines before the cursor and 64 after it, like llama.vim, and takes one line of at most 32
    tokens, always the likeliest. The next key cancels the request. No tool does exactly this: it is the work
    that the others save.
    """

    name = "no re-use"
    PREFIX, SUFFIX, TOKENS = 256, 64, 32

    async def ask(self, view: DocumentView) -> PolicyAnswer | None:
        above, left, right, below = nearby(view, self.PREFIX, self.SUFFIX)
        body = {
            "input_prefix": "".join(f"{line}\n" for line in above),
            "prompt": left,
            "input_suffix": "\n".join([right, *below]),
            "n_predict": self.TOKENS,
            "stop": ["\n"],
            "samplers": ["top_k"],
            "top_k": 1,
            "cache_prompt": False,
        }
        result = await self._server.post("/infill", body)
        return PolicyAnswer(result["content"], tokens=tokens_written(result))


# Each policy with the server options that its documentation names, or llama-server's defaults.
# llama.vim, README: -b 1024 -ub 1024 --cache-reuse 256. Tabby, crates/llama-cpp-server: --ctx-size 4096.
POLICIES: dict[str, tuple[type[Peer], dict[str, int]]] = {
    "llama.vim": (LlamaVim, {"batch": 1024, "ubatch": 1024, "reuse": 256}),
    "Continue": (Continue, {}),
    "Tabby": (Tabby, {"context": 4096}),
    "no re-use": (NoReuse, {"batch": 1024, "ubatch": 1024}),
}


def peer(name: str, model: Path, build: str = "own", threads: int = 2) -> Peer:
    """Return a policy by name over its own server; `build` is "own" or "wheel"."""
    kind, options = POLICIES[name]
    made = kind(partial(start, Options(model, threads, **options), build))
    made.name = f"{name} policy" if build == "own" else f"{name} policy, {build} build"
    return made
