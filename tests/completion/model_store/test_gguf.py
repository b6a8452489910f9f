import random
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
    began = time.process_time()
    assert read_header(path).tensors == 0
    assert time.process_time() - began < 2.0  # 0.05 s on the reference machine


def kept(name: str, value: bytes) -> bytes:
    """A header without tensors that has this one pair."""
    return b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + text(name) + value + bytes(64)


NESTED = struct.pack("<IQ", 9, 1)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(
            kept("k", struct.pack("<I", 9) + NESTED * 5000 + struct.pack("<IQ", 0, 0)), id="deep arrays"
        ),
        pytest.param(
            kept("k", struct.pack("<I", 9) + NESTED + struct.pack("<IQ", 0, 0)), id="array in an array"
        ),
        pytest.param(kept("k", struct.pack("<IIQ", 9, 10, 2**64 - 1)), id="array of 2^64 numbers"),
        pytest.param(kept("k", struct.pack("<IIQ", 9, 8, 2**64 - 1)), id="array of 2^64 strings"),
        pytest.param(kept("k", struct.pack("<IIQ", 9, 77, 1)), id="unknown kind in an array"),
        pytest.param(kept("k", struct.pack("<I", 77)), id="unknown kind"),
        pytest.param(kept("k" * 70_000, struct.pack("<II", 4, 1)), id="name of 70,000 bytes"),
        pytest.param(
            b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + text("t") + struct.pack("<I", 2**32 - 1) + bytes(64),
            id="2^32 dimensions",
        ),
        pytest.param(
            b"GGUF"
            + struct.pack("<IQQ", 3, 0, 2)
            + text("a")
            + struct.pack("<IIQ", 9, 10, 2**63)
            + bytes(64),
            id="a place beyond any number",
        ),
    ],
)
def test_a_malformed_header_is_refused_in_words(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ModelError, match=r"bad\.gguf is cut short"):
        read_header(place(tmp_path, content, "bad.gguf"))


def test_any_damage_of_a_header_is_refused_in_words_or_harmless(tmp_path: Path) -> None:
    chance = random.Random(7)
    head = MODEL[:300]
    refused = 0
    for _ in range(300):
        damaged = bytearray(head)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(4, len(damaged))
            damaged[at : at + 8] = chance.choice([b"\xff" * 8, bytes(8), chance.randbytes(8)])
        try:
            read_header(place(tmp_path, bytes(damaged) + MODEL[300:], "bad.gguf"))
        except ModelError:
            refused += 1
    assert refused > 100
