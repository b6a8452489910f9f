"""Opens the model that a benchmark asks for next edits, and says how that is asked."""

from dataclasses import dataclass
from pathlib import Path

from assist_completion.inference.llama import Abort, Llama
from assist_completion.inference.sequence import LlamaSequence
from assist_completion.inference.speed_probe import answering_load, speed_of
from assist_completion.model_store.catalogue import rows
from assist_completion.model_store.store import resolve
from assist_completion.prompt.next_edit_layout import NextEditLayout, layouts
from assist_server.config.config import load_lenient
from assist_server.local_model.opening import speed_file, store_of

WINDOW = 2048  # tokens of edits, lines and their next text: 25 MB for a 0.5B


@dataclass(frozen=True, slots=True)
class RewritingModel:
    """An open model. Close its `sequence.llama`."""

    path: Path
    sequence: LlamaSequence
    layout: NextEditLayout


def open_rewriting(model: str, layout: str = "", threads: int = 0) -> RewritingModel:
    """Open a model of the catalogue, or a file. Without a layout, it is that of its row, or of a base model.

    0 threads are as many as the product would use.
    """
    config = load_lenient()
    path = resolve(store_of(config), model)
    load = answering_load(path, speed_of(path, 0, speed_file(config)), threads, WINDOW)
    of_row = {row.name: row.layout for row in rows() if row.purpose == "next-edit"}
    name = layout or of_row.get(model, "qwen")
    return RewritingModel(path, LlamaSequence(Llama(load, Abort())), layouts()[name])
