import re
import struct
import time
from pathlib import Path

import pytest
from small_gguf import gguf, text

from assist_completion.errors import ModelError
from assist_completion.model_store.gguf import read_header

MODEL = gguf(bytes(range(256)) * 40)


def place(directory: Path, model: bytes, name: str) -> Path:
    (directory / name).write_bytes(model)
    return directory / name


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "it has 0 bytes"),
        (b"GGUF", "it has 4 bytes"),
        (b"PK\x03\x04" + bytes(100), "it starts with b'PK"),
        (gguf(b"x", version=1), "has GGUF version 1; versions 2 to 3"),
        (gguf(b"x", version=1 << 24), "has GGUF version 16777216"),
        (MODEL[:-1], f"it has {len(MODEL) - 1:,} bytes and its table of tensors needs {len(MODEL):,}"),
        (MODEL[:200], "cut short or damaged"),
        (MODEL[:100], "cut short or damaged inside its header"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 1 << 60) + b"\xff" * 64, "cut short or damaged"),
    ],
)
def test_a_file_that_is_no_whole_model_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = place(tmp_path, content, "bad.gguf")
    with pytest.raises(ModelError, match=re.escape(said)):
        read_header(path)


def test_a_header_tells_the_architecture(tmp_path: Path) -> None:
    header = read_header(place(tmp_path, gguf(b"x" * 77, alignment=64), "good.gguf"))
    assert (header.version, header.architecture, header.tensors) == (3, "llama", 1)
    assert header.needed_bytes == len(gguf(b"x" * 77, alignment=64))


def test_a_large_vocabulary_is_read_quickly(tmp_path: Path) -> None:
    words = b"".join(text(f"word{n}") for n in range(150_000))
    head = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text("tokens") + struct.pack("<IIQ", 9, 8, 150_000)
    path = place(tmp_path, head + words + bytes(64), "large.gguf")
    began = time.perf_counter()
    assert read_header(path).tensors == 0
    assert time.perf_counter() - began < 2.0  # 0.05 s on the reference machine
