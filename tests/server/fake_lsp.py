"""`assist lsp`, or any command, with a model of one byte per token in place of the user's; a part of `fork_parent` too.

`knowing` says in the environment what the model continues, how long it takes to load, and to read a slice.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

HEADER_ALONE = b"GGUF\3\0\0\0" + bytes(
    56
)  # a whole model file, without a tensor, for who looks whether there is one
TEXT, LOADING_S, SLICE_S = "FAKE_MODEL_TEXT", "FAKE_MODEL_LOADING_S", "FAKE_MODEL_SLICE_S"


def knowing(
    home: Mapping[str, str], *texts: str, loading_s: float = 0.0, slice_s: float = 0.0
) -> dict[str, str]:
    """The environment of a server on this machine whose model knows these texts."""
    return {**home, TEXT: "\n".join(texts), LOADING_S: str(loading_s), SLICE_S: str(slice_s)}


def use_fake_model() -> None:
    """Open a fake model from now on, if the environment has a text for it."""
    if text := os.environ.get(TEXT):
        from assist_server.local_model import opening  # noqa: PLC0415

        here = Path(__file__).parent
        sys.path += [str(here), str(here.with_name("completion"))]
        times = float(os.environ[LOADING_S]), float(os.environ[SLICE_S])
        opening.open_engine = partial(_open, text, *times)  # type: ignore[assignment]


@contextmanager
def fake_model_here(text: str) -> Iterator[None]:
    """Have commands of this process open a model that knows this text."""
    from assist_server.local_model import opening  # noqa: PLC0415

    before = opening.open_engine
    opening.open_engine = partial(_open, text, 0.0, 0.0)  # type: ignore[assignment]
    yield
    opening.open_engine = before


def _open(
    text: str, loading_s: float, slice_s: float, config: Any, say: Callable[[str], None] = lambda _: None
) -> Any:
    from fake_llama import SMALL_BUDGET, fake_model  # noqa: PLC0415
    from scripted_model import ScriptedModel  # noqa: PLC0415

    from assist_completion.engine.engine import Engine  # noqa: PLC0415
    from assist_completion.engine.guest_jobs import GuestJobs  # noqa: PLC0415
    from assist_completion.inference.worker import Worker  # noqa: PLC0415
    from assist_server.local_model.opening import OpenedModels  # noqa: PLC0415

    say("loading fake")
    time.sleep(loading_s)

    def open_model(abort: Any) -> Any:
        model = fake_model(text, abort)
        model.llama.before_slice = lambda: time.sleep(slice_s)  # type: ignore[attr-defined]
        return model

    worker = Worker(open_model)
    worker.opened.result(60)
    engine = Engine(worker, config.completion, SMALL_BUDGET, "fake")
    answers: Any = ScriptedModel(lambda _: ["It ", "adds."])
    guests = Engine(GuestJobs(worker), config.completion, SMALL_BUDGET, "fake")
    path = Path(config.completion.model)
    return OpenedModels(engine, answers, path, None, 0.0, "fake", guests=guests)  # type: ignore[arg-type]


if __name__ == "__main__":
    from assist_server.cli.main import main

    use_fake_model()
    sys.argv = ["assist", *(sys.argv[1:] or ["lsp"])]
    main()
