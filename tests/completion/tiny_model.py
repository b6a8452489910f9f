"""A model of a few hundred kilobytes that llama.cpp runs: a token for each byte, infilling tokens, random weights.

One that says a word has a head more: whatever is before it, the word comes next.
"""

import struct
from pathlib import Path

import numpy as np

WIDTH, HIDDEN, LAYERS, HEADS = 64, 96, 2, 4
SPECIAL = ("<|endoftext|>", "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|file_sep|>")
END, PRE, SUF, MID, SEP = range(257, 262)
_UINT32, _FLOAT32, _STRING, _ARRAY, _INT32 = 4, 6, 8, 9, 5
_F32 = 0
_ALIGNMENT = 32


def _text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def _value(value: object) -> bytes:
    if isinstance(value, str):
        return struct.pack("<I", _STRING) + _text(value)
    if isinstance(value, float):
        return struct.pack("<If", _FLOAT32, value)
    if isinstance(value, int):
        return struct.pack("<II", _UINT32, value)
    assert isinstance(value, list)
    head = struct.pack("<I", _ARRAY)
    if isinstance(value[0], str):
        return head + struct.pack("<IQ", _STRING, len(value)) + b"".join(map(_text, value))
    return head + struct.pack(f"<IQ{len(value)}i", _INT32, len(value), *value)


def _byte_words() -> list[str]:
    """The character that stands for each byte in a vocabulary of GPT-2's kind."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return [chr(byte if byte in shown else 256 + hidden.index(byte)) for byte in range(256)]


def _tensors() -> dict[str, "np.ndarray"]:
    random = np.random.default_rng(7)

    def weights(*shape: int) -> "np.ndarray":
        return (random.standard_normal(shape) * 0.3).astype(np.float32)

    ones = np.ones(WIDTH, np.float32)
    made = {"token_embd.weight": weights(256 + 1 + len(SPECIAL), WIDTH), "output_norm.weight": ones}
    for layer in range(LAYERS):
        made |= {f"blk.{layer}.{name}_norm.weight": ones for name in ("attn", "ffn")}
        made |= {
            f"blk.{layer}.attn_{name}.weight": weights(WIDTH, WIDTH) for name in ("q", "k", "v", "output")
        }
        made |= {f"blk.{layer}.ffn_{name}.weight": weights(HIDDEN, WIDTH) for name in ("gate", "up")}
        made[f"blk.{layer}.ffn_down.weight"] = weights(WIDTH, HIDDEN)
    return made


def _recurrent_tensors() -> dict[str, "np.ndarray"]:
    """The same width as a Mamba, whose state cannot be cut back."""
    random = np.random.default_rng(7)
    inner, state, rank, kernel = 2 * WIDTH, 16, 4, 4
    shapes = {
        "attn_norm.weight": (WIDTH,),
        "ssm_in.weight": (2 * inner, WIDTH),
        "ssm_conv1d.weight": (inner, kernel),
        "ssm_conv1d.bias": (inner,),
        "ssm_x.weight": (rank + 2 * state, inner),
        "ssm_dt.weight": (inner, rank),
        "ssm_dt.bias": (inner,),
        "ssm_a": (inner, state),
        "ssm_d": (inner,),
        "ssm_out.weight": (WIDTH, inner),
    }
    made = {name: array for name, array in _tensors().items() if not name.startswith("blk.")}
    for name, shape in shapes.items():
        made[f"blk.0.{name}"] = (random.standard_normal(shape) * 0.3).astype(np.float32)
    return made


def write_recurrent(path: Path) -> Path:
    """Write a recurrent model's file, with the same vocabulary."""
    values: dict[str, object] = {
        "general.architecture": "mamba",
        "mamba.context_length": 512,
        "mamba.embedding_length": WIDTH,
        "mamba.block_count": 1,
        "mamba.attention.layer_norm_rms_epsilon": 1e-5,
        "mamba.ssm.conv_kernel": 4,
        "mamba.ssm.inner_size": 2 * WIDTH,
        "mamba.ssm.state_size": 16,
        "mamba.ssm.time_step_rank": 4,
    }
    return _write(path, values, _recurrent_tensors())


def _tensors_that_say(word: str) -> dict[str, "np.ndarray"]:
    """Weights with which a letter of the word follows the one before, a new line the last, and the first all else.

    No layer adds anything to a token's embedding, so that the head sees only the last token.
    """
    made = _tensors()
    for layer in range(LAYERS):
        made[f"blk.{layer}.attn_output.weight"][:] = made[f"blk.{layer}.ffn_down.weight"][:] = 0
    tokens = made["token_embd.weight"]
    tokens[:] = np.eye(WIDTH)[0]
    head = made["output.weight"] = np.zeros_like(tokens)
    for number, letter in enumerate(word):
        head[ord(letter), number] = 4  # eight times that is its logit, and all others are 0
        tokens[ord(letter)] = np.eye(WIDTH)[number + 1]
    head[ord("\n"), len(word)] = 4
    return made


def write(path: Path, says: str = "") -> Path:
    """Write the model's file. Each letter of what it says is there once."""
    values: dict[str, object] = {
        "general.architecture": "llama",
        "llama.context_length": 512,
        "llama.embedding_length": WIDTH,
        "llama.block_count": LAYERS,
        "llama.feed_forward_length": HIDDEN,
        "llama.attention.head_count": HEADS,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": WIDTH // HEADS,
    }
    return _write(path, values, _tensors_that_say(says) if says else _tensors())


def _write(path: Path, architecture: dict[str, object], tensors: dict[str, "np.ndarray"]) -> Path:
    words = [*_byte_words(), "ab", *SPECIAL]
    values: dict[str, object] = {
        **architecture,
        "general.alignment": _ALIGNMENT,
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "qwen2",
        "tokenizer.ggml.tokens": words,
        "tokenizer.ggml.token_type": [1] * 257 + [3] * len(SPECIAL),
        "tokenizer.ggml.merges": ["a b"],
        "tokenizer.ggml.eos_token_id": END,
        "tokenizer.ggml.bos_token_id": END,
        "tokenizer.ggml.fim_pre_token_id": PRE,
        "tokenizer.ggml.fim_suf_token_id": SUF,
        "tokenizer.ggml.fim_mid_token_id": MID,
        "tokenizer.ggml.fim_sep_token_id": SEP,
        "tokenizer.chat_template": "chatml",
    }
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(values))
    head += b"".join(_text(key) + _value(value) for key, value in values.items())
    data = b""
    for name, array in tensors.items():
        sizes = array.shape[::-1]
        head += _text(name) + struct.pack(f"<I{len(sizes)}QIQ", len(sizes), *sizes, _F32, len(data))
        data += array.tobytes() + bytes(-array.nbytes % _ALIGNMENT)
    path.write_bytes(head + bytes(-len(head) % _ALIGNMENT) + data)
    return path
