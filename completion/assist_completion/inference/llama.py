"""The only module that calls llama.cpp: a model, its vocabulary and its key-value cache.

Everything here belongs to one thread, except for `Abort`, which any thread may set, and `tokenize`, which
only reads the vocabulary. This module knows tokens and numbers of sequences. `sequence` knows what is in one;
`prompt` and `chat_template` know what tokens mean.
"""

import ctypes
import math
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from assist_completion.errors import DeviceError, ModelError
from assist_completion.inference.devices import failure, give_up, open_device
from assist_completion.inference.drafts import BATCHES
from assist_completion.inference.libllama import (
    AbortCallback,
    ChatMessage,
    Library,
    LogCallback,
    ProgressCallback,
    TokenId,
)
from assist_completion.inference.libraries import library
from assist_completion.inference.physical_cores import physical_cores, running_now, threads_beside
from assist_completion.prompt.fim_tokens import Fim

Logits = npt.NDArray[np.float32]

SLICE = 64  # tokens per decode call while prefilling: 64 runs at 0.92 of the speed of 512, 32 at 0.75
# Seconds; a device that has not ended a call by then is given up. A call takes 0.03 s, but the first of each
# size compiles what that needs: up to 21 s by Mesa's lavapipe on two busy cores.
HANGING = 30.0
_ALL_LAYERS = 999
_NO_FLASH = 0  # flash_attn_type; llama.cpp decides by default
_ABORTED = 2  # what llama_decode returns when the abort callback stopped it


class Aborted(Exception):
    """Decoding or loading was stopped on purpose. A sequence is back at its last good position."""


class Abort:
    """A flag that llama.cpp itself reads while it computes, and until when a device has to answer (`due`).

    The callback is libc's `atoi` over two bytes, "0" or "1". No Python code runs, so the interpreter lock
    is not taken once per graph node. `left` says that another thread goes on with what this one did.
    """

    def __init__(self) -> None:
        self._flag = ctypes.create_string_buffer(b"0")
        libc = ctypes.cdll.msvcrt if sys.platform == "win32" else ctypes.CDLL(None)
        self.callback = ctypes.cast(libc.atoi, AbortCallback)
        self.address = ctypes.addressof(self._flag)
        self.due = math.inf  # by `time.monotonic`
        self.left = False
        self._watcher: Callable[[], object] = lambda: None

    def watch(self, watcher: Callable[[], object]) -> None:
        """Call this whenever the flag is set, on the thread that sets it, for work that cannot read flags."""
        self._watcher = watcher

    def set(self) -> None:
        self._flag[0] = b"1"
        self._watcher()

    def clear(self) -> None:
        self._flag[0] = b"0"

    def is_set(self) -> bool:
        return bool(self._flag[0] == b"1")

    def expect(self, device: str) -> bool:
        """Expect a device, if it is one, to answer within `HANGING` seconds. False if the flag is set."""
        if device:
            self.due = time.monotonic() + HANGING
        return not self.is_set()

    @contextmanager
    def call(self, device: str) -> Iterator[None]:
        """A call that may hang on a device. Raises `Aborted` after it if the thread was left meanwhile."""
        self.expect(device)
        try:
            yield
        finally:
            self.due = math.inf
        if self.left:
            raise Aborted


@dataclass(frozen=True, slots=True)
class Load:
    """Parameters to open a model. `context` is the number of tokens per sequence.

    `threads` is for reading prompts and `decode_threads` for writing tokens. 0 means every physical core.
    Without `flash`, attention is computed in the old way. All layers are on the `device`, a kind that the
    library has a part for, or "" for the processor; `slice` is how many tokens of a prompt are one call, and
    `batches` how many of a draft are worth one.
    """

    path: Path
    context: int = 4096
    sequences: int = 2
    threads: int = 0
    decode_threads: int = 0
    flash: bool = True
    device: str = ""
    slice: int = SLICE
    batches: Sequence[int] = BATCHES


_last_errors: deque[str] = deque(maxlen=4)


@LogCallback  # type: ignore[untyped-decorator]
def _on_log(level: int, text: bytes, _user: ctypes.c_void_p) -> None:
    if level >= 4:  # GGML_LOG_LEVEL_ERROR
        _last_errors.append(text.decode("utf-8", "replace").strip())


class Llama:
    """One loaded model with `sequences` independent token sequences.

    `lender` lends its weights, so that only the context takes memory. Close it after this model.
    Raises `ModelError` if the file cannot be loaded, `DeviceError` if its device fails or has no memory, and
    `Aborted` if the flag is set meanwhile. Close the model to give the memory back.
    """

    def __init__(self, load: Load, abort: Abort, lender: "Llama | None" = None) -> None:
        self.abort = abort
        self.load = load
        self._api = library()
        self.closed = False
        self._borrowed = lender is not None
        self._model: Any = lender._model if lender is not None else _read_weights(self._api, load, abort)
        self._vocab = self._api.llama_model_get_vocab(self._model)
        self._refuse_one_state()
        self._size = self._api.llama_vocab_n_tokens(self._vocab)
        self._context = self._api.llama_init_from_model(self._model, self._params(load))
        if not self._context:
            self._free_weights()
            raise _find_error(load)(
                f"no memory for {load.sequences} x {load.context} tokens of context of {load.path}."
            )
        self._memory = self._api.llama_get_memory(self._context)
        self._api.llama_set_abort_callback(self._context, abort.callback, abort.address)
        self._batch = self._api.llama_batch_init(max(SLICE, load.slice), 0, 1)
        threads = load.threads or physical_cores()
        self._threads = (load.decode_threads or threads, threads)
        self._spins = "OPENMP = 1" not in features()
        self._pieces: list[bytes] = []
        self._piece = ctypes.create_string_buffer(512)

    def _refuse_one_state(self) -> None:
        """Raise `ModelError` for a recurrent or hybrid model, of whose state llama.cpp drops no part."""
        if self._api.llama_model_is_recurrent(self._model) or self._api.llama_model_is_hybrid(self._model):
            self._free_weights()
            raise ModelError(
                f"{self.load.path} is a recurrent or hybrid model: its state cannot be rolled back, so it "
                "would have to read the whole prompt again after every key. Use a model that uses only "
                "attention, such as qwen2.5-coder (see `assist models list`)."
            )

    def _params(self, load: Load) -> Any:
        params = self._api.llama_context_default_params()
        threads = load.threads or physical_cores()
        params.n_ctx = load.context * load.sequences
        params.n_seq_max = load.sequences
        params.kv_unified = False  # a second full sequence then costs nothing (27.2 -> 27.4 ms a token)
        params.n_batch = max(SLICE, load.slice)
        params.n_ubatch = load.slice
        params.offload_kqv = bool(load.device)
        params.op_offload = bool(load.device)
        params.n_threads = load.decode_threads or threads
        params.n_threads_batch = threads
        params.no_perf = True
        if not load.flash:
            params.flash_attn_type = _NO_FLASH
        return params

    def close(self) -> None:
        """Give everything back. The object is unusable afterwards."""
        if not self.closed:
            self.closed = True
            self._api.llama_batch_free(self._batch)
            self._api.llama_free(self._context)
            self._free_weights()

    def _free_weights(self) -> None:
        if not self._borrowed:
            self._api.llama_model_free(self._model)

    # Vocabulary

    def fim(self) -> Fim:
        """The model's infilling tokens, or `ModelError` if its vocabulary has none."""
        v = self._vocab
        pre, suf, mid = (
            self._api.llama_vocab_fim_pre(v),
            self._api.llama_vocab_fim_suf(v),
            self._api.llama_vocab_fim_mid(v),
        )
        if min(pre, suf, mid) < 0:
            raise ModelError(
                f"{self.load.path} has no fill-in-the-middle tokens in its vocabulary, so it cannot complete "
                "code at a cursor. Use a code model such as qwen2.5-coder (see `assist models list`)."
            )
        return Fim(
            pre=pre,
            suf=suf,
            mid=mid,
            repo=self._api.llama_vocab_fim_rep(v),
            sep=self._api.llama_vocab_fim_sep(v),
            head=self.head(),
            special=frozenset(filter(self.is_special, range(self._size))),
        )

    def head(self) -> tuple[int, ...]:
        """Return what every prompt starts with: the begin-of-sequence token, if the model wants one."""
        v = self._vocab
        return (self._api.llama_vocab_bos(v),) if self._api.llama_vocab_get_add_bos(v) else ()

    def is_special(self, token: int) -> bool:
        """Return whether a token ends a text or commands the model. Such a token must never become text."""
        v = self._vocab
        return bool(self._api.llama_vocab_is_control(v, token) or self._api.llama_vocab_is_eog(v, token))

    def tokenize(self, text: str, *, special: bool = False) -> list[int]:
        """Token ids of a text. Special tokens in it are read as plain text, or as commands if `special`."""
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        out = (TokenId * room)()
        count = self._api.llama_tokenize(self._vocab, data, len(data), out, room, False, special)
        if count < 0:
            raise ModelError(f"llama.cpp cannot tokenize {len(data)} bytes (it returned {count}).")
        return list(out[:count])

    def pieces(self) -> list[bytes]:
        """The bytes of every token, none for special ones. Made once, in about 0.1 s for 150,000 tokens."""
        if not self._pieces:
            self._pieces = [self.piece(token) for token in range(self._size)]
        return self._pieces

    def piece(self, token: int) -> bytes:
        """The bytes of one token, none for a special token."""
        count = self._api.llama_token_to_piece(self._vocab, token, self._piece, len(self._piece), 0, False)
        return self._piece.raw[: max(0, count)]

    def chat_template(self) -> str:
        """The chat template in the model's file, or "" if it has none."""
        return (self._api.llama_model_chat_template(self._model, None) or b"").decode("utf-8", "replace")

    def set_threads(self, decode: int, prefill: int) -> None:
        """Set the number of threads for single tokens and for several tokens at once."""
        self._threads = decode, prefill
        self._api.llama_set_n_threads(self._context, decode, prefill)

    def layers(self) -> int:
        """Return how many layers the model has."""
        return int(self._api.llama_model_n_layer(self._model))

    def trained_context(self) -> int:
        """The longest context, in tokens, that the model was trained for."""
        return int(self._api.llama_model_n_ctx_train(self._model))

    # Sequences

    def decode(self, seq: int, tokens: Sequence[int], position: int) -> Logits:
        """Put `tokens` at `position` of a sequence. Returns the logits of the last one, shape (vocabulary,).

        They are valid until the next call. Raises `Aborted` if the flag is set. Then the sequence is cut back
        to the tokens before the slice in which the flag was seen.
        """
        count = 0
        while count < len(tokens):
            part = tokens[count : count + self.load.slice]
            rows = 1 if count + len(part) == len(tokens) else 0
            self._decode_slice(seq, part, position + count, rows)
            count += len(part)
        return self._logits(-1)

    def decode_each(self, seq: int, tokens: Sequence[int], position: int) -> list[Logits]:
        """Put at most `SLICE` tokens at `position` of a sequence. Returns the logits of each of them."""
        self._decode_slice(seq, tokens, position, len(tokens))
        return [self._logits(at) for at in range(len(tokens))]

    def _leave_busy_cores(self) -> None:
        running = running_now()
        cores = os.cpu_count() or 1
        counts = [threads_beside(running, cores, threads) for threads in self._threads]
        self._api.llama_set_n_threads(self._context, *counts)

    def _logits(self, at: int) -> Logits:
        pointer = self._api.llama_get_logits_ith(self._context, at)
        return np.ctypeslib.as_array(pointer, shape=(self._size,))

    def _decode_slice(self, seq: int, tokens: Sequence[int], position: int, rows: int) -> None:
        """Decode one batch, with the logits of its last `rows` tokens.

        A device reads no flag while it computes, and a call returns before it has: it is waited for.
        """
        if self.load.device and self.abort.is_set():
            raise Aborted
        batch = self._batch
        batch.n_tokens = len(tokens)
        for i, token in enumerate(tokens):
            batch.token[i] = token
            batch.pos[i] = position + i
            batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = seq
            batch.logits[i] = i >= len(tokens) - rows
        if self._spins and max(self._threads) > 1:
            self._leave_busy_cores()
        with self.abort.call(self.load.device):
            answer = self._api.llama_decode(self._context, batch)
            if self.load.device:
                self._api.llama_synchronize(self._context)
        if answer == _ABORTED:
            self.truncate(seq, position)
            raise Aborted
        if answer != 0:
            self.truncate(seq, position)
            error = _find_error(self.load) if answer < 0 else ModelError
            raise error(f"llama_decode answered {answer} for {len(tokens)} tokens at {position}.")

    def truncate(self, seq: int, length: int) -> None:
        """Forget everything from token `length` on."""
        self._api.llama_memory_seq_rm(self._memory, seq, length, -1)

    def length(self, seq: int) -> int:
        """Return how many tokens the sequence holds."""
        return int(self._api.llama_memory_seq_pos_max(self._memory, seq)) + 1

    def save(self, seq: int) -> bytes:
        """The state of a sequence: about 12 kB a token for a 0.5B model. In effect it contains the text."""
        size = self._api.llama_state_seq_get_size(self._context, seq)
        buffer = (ctypes.c_uint8 * size)()
        with self.abort.call(self.load.device):
            state_size = self._api.llama_state_seq_get_data(self._context, buffer, size, seq)
        return bytes(memoryview(buffer)[:state_size])

    def restore(self, seq: int, state: bytes) -> bool:
        """Put a saved state into a sequence. Returns False if llama.cpp refuses it."""
        self.truncate(seq, 0)
        buffer = (ctypes.c_uint8 * len(state)).from_buffer_copy(state)
        with self.abort.call(self.load.device):
            return bool(self._api.llama_state_seq_set_data(self._context, buffer, len(state), seq))


def open_llama(load: Load, abort: Abort, lender: Llama | None = None) -> Llama:
    """The model as `Llama` opens it, by the processor where its device fails or failed before.

    `lender` lends its weights if it has the same file, where this model would have them.
    """
    if load.device and not failure():
        try:
            with abort.call(load.device):
                return Llama(load, abort, _fitting(lender, load))
        except DeviceError as error:
            give_up(str(error))
    load = replace(load, device="", slice=SLICE)
    return Llama(load, abort, _fitting(lender, load))


def _fitting(lender: Llama | None, load: Load) -> Llama | None:
    if lender is None or lender.load.device != load.device:
        return None
    return lender if lender.load.path.resolve() == load.path.resolve() else None


def _find_error(load: Load) -> type[ModelError]:
    return DeviceError if load.device else ModelError


def _read_weights(api: Library, load: Load, abort: Abort) -> Any:
    path = load.path
    _last_errors.clear()
    api.llama_log_set(_on_log, ctypes.c_void_p(0))
    api.llama_backend_init()
    params = api.llama_model_default_params()
    devices = (ctypes.c_void_p * 2)(*([open_device(load.device).address] if load.device else []))
    params.devices = ctypes.cast(devices, ctypes.c_void_p)
    params.n_gpu_layers = _ALL_LAYERS if load.device else 0
    params.progress_callback = ProgressCallback(lambda _part, _user: abort.expect(load.device))
    model = api.llama_model_load_from_file(os.fsencode(path), params)
    if model:
        return model
    if abort.is_set():
        raise Aborted
    why = "; ".join(_last_errors) or "no reason given"
    if load.device:
        raise DeviceError(
            f"{load.device} cannot load {path.name}: {_last_errors[0] if _last_errors else why}."
        )
    raise ModelError(f"llama.cpp cannot load {path}: {why}. Fetch the model again or name another.")


def apply_template(template: str, turns: Sequence[tuple[str, str]]) -> str | None:
    """(role, text) pairs as a chat template lays them out, up to where the answer begins.

    `template` is a model's own template, or a name that llama.cpp knows. None if llama.cpp knows no such
    layout.
    """
    api = library()
    messages = [ChatMessage(role.encode(), text.encode()) for role, text in turns]
    chat = (ChatMessage * len(turns))(*messages)
    room = 0
    count = 1024
    while count > room:  # if the buffer is too small, llama.cpp returns the size that it needs
        room = count
        buffer = ctypes.create_string_buffer(room)
        count = api.llama_chat_apply_template(template.encode(), chat, len(turns), True, buffer, room)
    return buffer.raw[:count].decode("utf-8", "replace") if count >= 0 else None


def features() -> str:
    """The CPU features that this build of llama.cpp uses, as llama.cpp prints them."""
    return str(library().llama_print_system_info().decode("utf-8", "replace")).strip(" |\n")
