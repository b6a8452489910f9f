"""One slot as in llama.cpp's server, over this project's own build: prompt layout, cache, stops.

It follows llama.cpp's server (tools/server: `format_prompt_infill`, `update_slots`, `process_token`) in what
it cuts, what it evaluates again, and when it stops. It knows no HTTP.

Left out, because no peer policy uses it: several slots, context shift, grammars, speculative models.
"""

import ctypes
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from assist_completion.inference.libllama import LogCallback, TokenId
from assist_completion.inference.libraries import library
from bench.peers.infill_answer import GrowingAnswer, check_indent, release
from bench.peers.server_options import Options

# The server's own default chain without samplers that change nothing; for requests without `samplers`.
SAMPLERS = ("top_k", "top_p", "min_p", "temperature")
SEED = 1  # the server's default is random; a benchmark must repeat


class _ChainParams(ctypes.Structure):
    _fields_ = (("no_perf", ctypes.c_bool),)


_POINTER = ctypes.c_void_p
_FLOAT = ctypes.c_float
api = library()
api.declare(
    {
        "llama_memory_can_shift": (ctypes.c_bool, (_POINTER,)),
        "llama_memory_seq_add": (None, (_POINTER, *[ctypes.c_int32] * 4)),
        "llama_sampler_chain_add": (None, (_POINTER, _POINTER)),
        "llama_sampler_chain_default_params": (_ChainParams, ()),
        "llama_sampler_chain_init": (_POINTER, (_ChainParams,)),
        "llama_sampler_free": (None, (_POINTER,)),
        "llama_sampler_init_dist": (_POINTER, (ctypes.c_uint32,)),
        "llama_sampler_init_infill": (_POINTER, (_POINTER,)),
        "llama_sampler_init_min_p": (_POINTER, (_FLOAT, ctypes.c_size_t)),
        "llama_sampler_init_temp": (_POINTER, (_FLOAT,)),
        "llama_sampler_init_top_k": (_POINTER, (ctypes.c_int32,)),
        "llama_sampler_init_top_p": (_POINTER, (_FLOAT, ctypes.c_size_t)),
        "llama_sampler_sample": (TokenId, (_POINTER, _POINTER, ctypes.c_int32)),
    }
)


@dataclass(slots=True)
class Counts:
    """All computed tokens and requests, including cancelled requests."""

    evaluated: int = 0
    predicted: int = 0
    cached: int = 0
    requests: int = 0
    cancelled: int = 0


class Cancelled(Exception):
    """The client disconnected. The slot is free, and its cache holds what was computed."""


def common_length(left: Sequence[int], right: Sequence[int], at: int = 0, to: int = 0) -> int:
    """Return how many tokens of `left` from `at` and of `right` from `to` are equal."""
    count = 0
    while at + count < len(left) and to + count < len(right) and left[at + count] == right[to + count]:
        count += 1
    return count


@dataclass(slots=True)
class Slot:
    """The model, its only sequence, and the tokens in the cache. For one thread at a time."""

    options: Options
    counts: Counts = field(default_factory=Counts)
    held: list[int] = field(default_factory=list)
    model: Any = None
    context: Any = None
    memory: Any = None
    vocab: Any = None
    batch: Any = None

    def load(self) -> None:
        api.llama_log_set(_quiet, ctypes.c_void_p(0))
        api.llama_backend_init()
        path = os.fsencode(self.options.model)
        self.model = api.llama_model_load_from_file(path, api.llama_model_default_params())
        if not self.model:
            raise SystemExit(f"llama.cpp cannot load {self.options.model}")
        params = api.llama_context_default_params()
        params.n_ctx = self.options.context
        params.n_seq_max = 1
        params.n_batch, params.n_ubatch = self.options.batch, self.options.ubatch
        params.n_threads = self.options.threads
        params.n_threads_batch = self.options.threads
        self.context = api.llama_init_from_model(self.model, params)
        self.memory = api.llama_get_memory(self.context)
        self.vocab = api.llama_model_get_vocab(self.model)
        self.batch = api.llama_batch_init(self.options.batch, 0, 1)

    # Prompts

    def tokens(self, text: str, *, special: bool = False) -> list[int]:
        data = text.encode("utf-8", "replace")
        out = (TokenId * (len(data) + 8))()
        return list(out[: api.llama_tokenize(self.vocab, data, len(data), out, len(out), special, special)])

    def infill(self, body: dict[str, Any]) -> list[int]:
        """`format_prompt_infill`: 3/4 of a batch for the prefix, the rest for suffix and prompt."""
        v = self.vocab
        n = self.options.batch
        prompt = self.tokens(body.get("prompt", ""), special=True)
        prefix, suffix = self.tokens(body["input_prefix"]), self.tokens(body["input_suffix"])
        prefix = prefix[max(0, len(prefix) - 3 * (n // 4)) :]
        suffix = suffix[: max(0, n // 4 - 2 - len(prompt))]
        extra = self._extra(body.get("input_extra") or [])
        # The server's bound contains its own n_predict of -1: 2 tokens more than context minus a batch.
        extra = extra[max(0, len(extra) - max(0, self.options.context - n + 2)) :]
        head = [api.llama_vocab_bos(v)] if api.llama_vocab_get_add_bos(v) else []
        prefix = [*head, api.llama_vocab_fim_pre(v), *prefix, *prompt]
        return [*extra, *prefix, api.llama_vocab_fim_suf(v), *suffix, api.llama_vocab_fim_mid(v)]

    def _extra(self, chunks: Sequence[dict[str, str]]) -> list[int]:
        repo, sep = api.llama_vocab_fim_rep(self.vocab), api.llama_vocab_fim_sep(self.vocab)
        out = [repo, *self.tokens("myproject\n")] if repo >= 0 else []
        for chunk in chunks:
            if sep >= 0:
                out += [sep, *self.tokens(chunk.get("filename", "tmp") + "\n")]
            else:
                out += self.tokens("\n\n--- snippet ---\n\n")
            out += self.tokens(chunk["text"])
        return [*out, sep, *self.tokens("filename\n")] if sep >= 0 else out

    # One request

    def run(
        self, tokens: list[int], body: dict[str, Any], gone: Callable[[], bool]
    ) -> Iterator[GrowingAnswer]:
        """Yield the answer after each token, always the same object; its `stop` is set at the end.

        `gone` is called between batches and between tokens, as in the server.
        """
        self.counts.requests += 1
        if len(tokens) >= self.options.context:
            raise ValueError(f"{len(tokens)} tokens do not fit a context of {self.options.context}")
        answer = GrowingAnswer(started=time.perf_counter())
        sampler = _sampler(self.vocab, body)
        try:
            past = self._reuse(tokens) if body.get("cache_prompt", True) else 0
            past -= past == len(tokens)  # at least one token is evaluated, for its logits
            self._forget(past)
            answer.cached = past
            self.counts.cached += past
            for at in range(past, len(tokens), self.options.batch):
                self._alive(gone)
                part = tokens[at : at + self.options.batch]
                self._decode(part)
                answer.evaluated += len(part)
                self.counts.evaluated += len(part)
            answer.prompted = time.perf_counter()
            yield from self._predict(answer, sampler, body, gone)
        finally:
            api.llama_sampler_free(sampler)

    def _predict(
        self, answer: GrowingAnswer, sampler: Any, body: dict[str, Any], gone: Callable[[], bool]
    ) -> Iterator[GrowingAnswer]:
        while not answer.stop:
            token = api.llama_sampler_sample(sampler, self.context, -1)
            answer.predicted += 1
            self.counts.predicted += 1
            answer.ended = time.perf_counter()
            self._take(answer, token, body)
            yield answer
            if not answer.stop:
                self._alive(gone)
                self._decode([token])

    def _take(self, answer: GrowingAnswer, token: int, body: dict[str, Any]) -> None:
        """`process_token`, in its order: stop strings, context, budget, indentation, time, end of text."""
        answer.text += self._piece(token)
        fresh = release(answer, [stop.encode() for stop in body.get("stop") or []])
        budget = body.get("n_predict", -1)
        if len(self.held) + 1 >= self.options.context:
            answer.stop = "limit"
            answer.truncated = True
        if not answer.stop and 0 <= budget <= answer.predicted:
            answer.stop = "limit"
        if answer.newline and body.get("n_indent", 0) > 0:
            check_indent(answer, body["n_indent"])
        if b"\n" in fresh:
            answer.newline = True
            limit = body.get("t_max_predict_ms", -1)
            if 0 < limit < 1000 * (answer.ended - answer.prompted):
                answer.stop = answer.stop or "limit"
        if api.llama_vocab_is_eog(self.vocab, token):
            answer.stop = "eos"

    def _alive(self, gone: Callable[[], bool]) -> None:
        if gone():
            self.counts.cancelled += 1
            raise Cancelled

    # Memory

    def _reuse(self, tokens: Sequence[int]) -> int:
        """Return how many tokens need no work: the common prefix and, with `reuse`, later chunks.

        Those chunks are moved to their new position in the cache.
        """
        past = common_length(self.held, tokens)
        if not self.options.reuse or not api.llama_memory_can_shift(self.memory):
            return past
        at, to = past, past
        while at < len(self.held) and to < len(tokens):
            count = common_length(self.held, tokens, at, to)
            if count < self.options.reuse:
                at += 1
                continue
            api.llama_memory_seq_rm(self.memory, 0, to, at)
            api.llama_memory_seq_add(self.memory, 0, at, at + count, to - at)
            self.held[to : to + count] = self.held[at : at + count]
            at, to = at + count, to + count
        return to

    def _forget(self, length: int) -> None:
        del self.held[length:]
        api.llama_memory_seq_rm(self.memory, 0, length, -1)

    def _decode(self, tokens: Sequence[int]) -> None:
        batch = self.batch
        start = len(self.held)
        batch.n_tokens = len(tokens)
        for i, token in enumerate(tokens):
            batch.token[i] = token
            batch.pos[i] = start + i
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = 0
            batch.logits[i] = i == len(tokens) - 1
        if code := api.llama_decode(self.context, batch):
            self._forget(start)
            raise RuntimeError(f"llama_decode answered {code} for {len(tokens)} tokens at {start}")
        self.held += tokens

    def _piece(self, token: int) -> bytes:
        buffer = ctypes.create_string_buffer(512)
        count = api.llama_token_to_piece(self.vocab, token, buffer, 512, 0, False)
        return buffer.raw[: max(0, count)]


def _sampler(vocab: Any, body: dict[str, Any]) -> Any:
    """Return the chain that the request names, then a choice by probability with a fixed seed."""
    make = {
        "top_k": lambda: api.llama_sampler_init_top_k(body.get("top_k", 40)),
        "top_p": lambda: api.llama_sampler_init_top_p(body.get("top_p", 0.95), 0),
        "min_p": lambda: api.llama_sampler_init_min_p(body.get("min_p", 0.05), 0),
        "temperature": lambda: api.llama_sampler_init_temp(body.get("temperature", 0.8)),
        "infill": lambda: api.llama_sampler_init_infill(vocab),
    }
    chain = api.llama_sampler_chain_init(api.llama_sampler_chain_default_params())
    for name in body.get("samplers", SAMPLERS):
        api.llama_sampler_chain_add(chain, make[name]())
    api.llama_sampler_chain_add(chain, api.llama_sampler_init_dist(body.get("seed", SEED)))
    return chain


@LogCallback  # type: ignore[untyped-decorator]
def _quiet(_level: int, _text: bytes, _user: ctypes.c_void_p) -> None:
    """Drop llama.cpp's log: it would fill a pipe that is never read."""
