"""Makes a candidate from a model file with llama.cpp's own quantizer, from quantized weights.

What the file has lost against the original weights stays lost: a file made from those may be better.
"""

import ctypes
import os
from ctypes import POINTER, c_bool, c_char_p, c_float, c_int32, c_size_t, c_uint8, c_uint32, c_void_p
from pathlib import Path

from assist_completion.errors import ModelError
from assist_completion.inference.libllama import SPARE, Library
from assist_completion.inference.libraries import library
from bench.model_files.recipes import FILE_TYPES, TENSOR_TYPES, Recipe

_FLAGS = ("allow_requantize", "quantize_output_tensor", "only_copy", "pure", "keep_split", "dry_run")
# What the known builds answer for their default parameters. Another layout shows something else.
_Q8_0 = 7
_BUFFER = 8 << 30
_DEFAULTS = (0, 1, 0, 0, 0, 0)  # of the flags


class _Override(ctypes.Structure):
    _fields_ = (("pattern", c_char_p), ("type", c_int32))


class _Importance(ctypes.Structure):
    _fields_ = (("name", c_char_p), ("weights", POINTER(c_float)), ("count", c_size_t))


class _Params(ctypes.Structure):
    """`llama_model_quantize_params`, with room for a longer one."""

    _fields_ = (
        *((name, c_int32) for name in ("threads", "file_type", "output_type", "table_type")),
        *((name, c_bool) for name in _FLAGS),
        ("importance", POINTER(_Importance)),
        ("pairs", c_void_p),
        ("overrides", POINTER(_Override)),
        ("left_out", c_void_p),
        ("buffer", c_size_t),
        ("spare", c_uint8 * SPARE),
    )


def make(source: Path, target: Path, recipe: Recipe) -> None:
    """Write the candidate. Takes seconds to minutes; raises `ModelError` if llama.cpp cannot."""
    api = library()
    api.declare(
        {
            "llama_model_n_embd": (c_int32, (c_void_p,)),
            "llama_model_n_layer": (c_int32, (c_void_p,)),
            "llama_model_quantize_default_params": (_Params, ()),
            "llama_model_quantize": (c_uint32, (c_char_p, c_char_p, POINTER(_Params))),
        }
    )
    params = api.llama_model_quantize_default_params()
    answered = (params.file_type, params.buffer, tuple(int(getattr(params, name)) for name in _FLAGS))
    if answered != (_Q8_0, _BUFFER, _DEFAULTS):
        raise ModelError(f"{api.path} lays the parameters of its quantizer out otherwise: {answered}.")
    rows = [_Override(pattern.encode(), TENSOR_TYPES[kind]) for pattern, kind in recipe.others]
    params.threads = 1
    params.file_type = FILE_TYPES[recipe.most]
    params.allow_requantize = True
    params.pure = True  # no choice of llama.cpp's own
    params.overrides = (_Override * (len(rows) + 1))(*rows)
    if recipe.searched:
        params.importance = _even_importance(api, source)
    if api.llama_model_quantize(os.fsencode(source), os.fsencode(target), ctypes.byref(params)):
        raise ModelError(f"llama.cpp could not make {target} from {source}.")


def _even_importance(api: Library, source: Path) -> "ctypes.Array[_Importance]":
    """A weight of one for each column of all gates and ups, and the end of the list."""
    model = api.llama_model_load_from_file(os.fsencode(source), api.llama_model_default_params())
    if not model:
        raise ModelError(f"{source} cannot be loaded.")
    width, layers = api.llama_model_n_embd(model), api.llama_model_n_layer(model)
    api.llama_model_free(model)
    ones = (c_float * width)(*[1.0] * width)
    names = [f"blk.{layer}.ffn_{part}.weight" for layer in range(layers) for part in ("gate", "up")]
    rows = [_Importance(name.encode(), ones, width) for name in names]
    return (_Importance * (len(rows) + 1))(*rows)
