"""A whole GGUF file of a few bytes."""

import struct


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


def gguf(data: bytes, *, version: int = 3, alignment: int = 32) -> bytes:
    """A whole GGUF file with a vocabulary of two words and one tensor of bytes (i8)."""
    head = b"GGUF" + struct.pack("<IQQ", version, 1, 3)
    head += text("general.architecture") + struct.pack("<I", 8) + text("llama")
    head += text("general.alignment") + struct.pack("<II", 4, alignment)
    head += text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 2) + text("ab") + text("c")
    head += text("weights") + struct.pack("<IQIQ", 1, len(data), 24, 0)
    return head + bytes(-len(head) % alignment) + data
