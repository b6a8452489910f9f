"""A session in which a fake model continues one document, used as an editor uses it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from config_files import environ
from fake_llama import SMALL_BUDGET, fake_model

from assist_completion.engine.engine import Engine
from assist_completion.inference.generation import Model
from assist_completion.inference.llama import Abort
from assist_completion.inference.worker import Worker
from assist_completion.settings import Mode
from assist_evaluation.feedback.session_usage import SessionUsage
from assist_evaluation.usage import usage_rows
from assist_server.config.config import Config, load_lenient
from assist_server.editor.session import Session
from assist_server.local_model.opening import OpenedModels
from assist_server.workspace.documents import Edit, OpenDocument

URI = "file:///work/a.py"
At = tuple[int, int]


class NoAnswers:
    def close(self) -> None:
        pass


class Desk:
    """The session, its fake models once they are open, and what an editor does in its document."""

    def __init__(self, session: Session, at: At, models: Sequence[Model] = ()) -> None:
        self.session, self.at, self.models = session, at, models
        self.version = 1

    def edit(self, text: str, start: At | None = None, end: At = (0, 0)) -> None:
        """Without `start`, everything is replaced."""
        self.version += 1
        self.session.change_document(URI, self.version, [Edit(text, start, end)])

    @property
    def text(self) -> str:
        return "".join(self.session.documents.by_uri[URI].lines)

    async def accept(self) -> str:
        """Ask at the cursor, insert what is suggested and report it, as VS Code and Neovim do."""
        (ghost, *_) = await self.session.suggestions.complete(URI, self.at, manual=False)
        self.edit(ghost.text, (ghost.line, ghost.start), (ghost.line, ghost.end))
        self.session.suggestions.record_accepted(ghost.suggestion.id, URI)
        return ghost.text

    @property
    def counts(self) -> Counter[str]:
        """All counts of the session, written or not, whatever they are for."""
        written = usage_rows.read(self.session.config.paths.data)
        return sum((*self.session.usage.table.rows.values(), *written.values()), Counter())

    @property
    def ends(self) -> list[str]:
        """What became of accepted texts."""
        return sorted(name for name in self.counts.elements() if name.startswith(("kept-", "gone-")))


@asynccontextmanager
async def writing(
    place: Path,
    source: str = "x = █\ny = 1\n",
    raw: str = "total(items)\n",
    *,
    kept_after: float = 30.0,
    write_after: float = 600.0,
    real_path: str = "",
    answers: NoAnswers | None = None,
    mode: Mode = "eager",
    name: str = "a.py",
    error: Exception | None = None,
    supplies: Path = Path("/nowhere"),
) -> AsyncIterator[Desk]:
    """A desk; the cursor is at █, and the model writes `raw` there, or cannot be opened for an `error`."""
    config = load_lenient(environ(place))
    completion = replace(config.completion, mode=mode, debounce_ms_max=0)
    before, after = source.split("█")
    settled = asyncio.Event()
    models: list[Model] = []

    def open_model(abort: Abort) -> Model:
        models.append(fake_model(before + raw, abort))
        return models[0]

    def open_models(config: Config, say: Any) -> OpenedModels:
        if error is not None:
            raise error
        worker = Worker(open_model)
        worker.opened.result(60)
        engine = Engine(worker, config.completion, SMALL_BUDGET, "fake")
        engine.look_up_s = engine.others_s = 60.0  # nothing is late because the machine is busy
        return OpenedModels(engine, answers or NoAnswers(), Path(), None, 0.0, "fake")  # type: ignore[arg-type]

    def show(status: Any) -> None:
        if status.state in ("ready", "missing", "failed"):
            settled.set()

    usage = partial(SessionUsage, kept_after=kept_after, write_after=write_after)
    session = Session(replace(config, completion=completion), show, open_models, usage, supplies)
    lines = (before + after).splitlines(keepends=True)
    session.open_document(OpenDocument(URI, name, "", 1, [*lines, ""], real_path=real_path))
    session.model.start()
    async with asyncio.timeout(60):
        await settled.wait()
    yield Desk(session, (before.count("\n"), len(before.rpartition("\n")[2])), models)
    session.close()
