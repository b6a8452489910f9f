"""Files that pass for models, and rows of a catalogue for them."""

import hashlib
import random
import struct
from dataclasses import replace

from assist_completion.model_store.catalogue import ModelRow, ModelSource, rows

HEAD = b"GGUF" + struct.pack("<IQQ", 3, 0, 0) + bytes(8)
MODEL = HEAD + random.Random(1).randbytes(300_000)
OTHER = HEAD + random.Random(2).randbytes(300_000)
SHA = hashlib.sha256(MODEL).hexdigest()
NOWHERE = "http://127.0.0.1:9"  # the discard port: refused at once


def row_of(model: bytes, *sources: ModelSource) -> ModelRow:
    """The row of a model that is called tiny."""
    sha256 = hashlib.sha256(model).hexdigest()
    return replace(rows()[0], name="tiny", file="tiny.gguf", bytes=len(model), sha256=sha256, sources=sources)
