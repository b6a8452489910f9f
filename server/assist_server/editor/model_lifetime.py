"""The models of one editor while they are loaded, and the status that the editor shows of them.

It opens models on a thread of its own, so nothing here blocks the event loop.
It does not know what the models are used for.
"""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from assist_completion.engine.event_loop import call_on
from assist_completion.errors import CompletionError, MissingModelError
from assist_completion.settings import model_name
from assist_escalation.errors import EscalationError
from assist_server.config.config import Config
from assist_server.config.permissions import named_server
from assist_server.local_model.sharing.listener import SharedEngine
from assist_server.workspace.folders import WorkspaceFolder

if TYPE_CHECKING:  # they import llama.cpp: 0.4 s that `initialize` must not wait for
    from assist_completion.engine.answer_stream import Answerer
    from assist_completion.engine.server_first import Tier
    from assist_completion.suggestion import GhostTextEngine
    from assist_server.local_model.opening import OpenedModels

LoadState = Literal["loading", "ready", "missing", "failed", "off"]
OpenModels = Callable[[Config, Callable[[str], None]], "OpenedModels"]

KEPT = ("libraries", "quiet", "power")  # fields of the status that are not about a model
RETRY = 3.0  # seconds between two attempts to open a model that was missing


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """The status that an editor shows. `why`: why the last request showed nothing, in words, or ""."""

    model: str = ""
    state: LoadState = "loading"
    latency_ms: float | None = None
    source: str = ""  # of the last suggestion shown: model, cache or typed-through
    tier: str = "local"
    host: str = ""  # of the team's server, while that writes ghost text
    budget_left_usd: float | None = None
    message: str = ""
    why: str = ""
    engine: str = ""  # the llama.cpp that runs the model, and its build
    libraries: int = 0  # packages whose outlines are known
    quiet: str = ""  # why nothing comes unasked where the user is, in words
    power: str = ""  # what is left out on battery, in words


class StatusItem:
    """Owns the status that the editor shows; the editor hears of changes only."""

    def __init__(self, model: str, show: Callable[[SessionStatus], None]) -> None:
        self.status = SessionStatus(model)
        self._show = show

    def reset(self, status: SessionStatus) -> None:
        """Show this status of a model. What is not about a model stays as it is."""
        self._take(replace(status, **{name: getattr(self.status, name) for name in KEPT}))

    def update(self, **changes: Any) -> None:
        """Change these fields of the status."""
        self._take(replace(self.status, **changes))

    def _take(self, status: SessionStatus) -> None:
        if status != self.status:
            self.status = status
            self._show(status)


class ModelLifetime:
    """Owns the loaded models and the thread that loads them. Event loop only.

    `config` gives the current settings, `folders` the workspace's, `unsaved` the texts of open secret files.
    `on_ready` is called when ghost text can be written.
    """

    def __init__(
        self,
        config: Callable[[], Config],
        open_models: OpenModels,
        item: StatusItem,
        on_ready: Callable[[], None],
        folders: Callable[[], Sequence[WorkspaceFolder]] = tuple,
        read_unsaved: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self._config = config
        self._open_models = open_models
        self._item = item
        self._on_ready = on_ready
        self._folders = folders
        self._unsaved = read_unsaved
        self._models: OpenedModels | None = None
        self._engine: GhostTextEngine | None = None
        self._counts: Counter[str] = Counter()  # of the engines that are closed
        self._loads = 0
        self._missing = False
        self._settled = asyncio.Event()  # the models are loaded, or cannot be
        self._tried = 0.0

    @property
    def engine(self) -> "GhostTextEngine | None":
        """The engine for ghost text, or None until it is loaded."""
        return self._engine

    @property
    def name(self) -> str:
        """Return what suggestions call the local model; "" until it is loaded."""
        return self._models.model if self._models is not None else ""

    @property
    def answerer(self) -> "Answerer[Any] | None":
        """The model that answers questions, or None until it is loaded."""
        return self._models.answers if self._models is not None else None

    @property
    def guests(self) -> "SharedEngine | None":
        """Return what writes into code for other programs, None until it is loaded."""
        models = self._models
        if models is None or models.guests is None:
            return None
        return SharedEngine(models.guests, models.path)

    def touch(self) -> None:
        """A key came: nothing may be measured now."""
        if self._models is not None and self._models.probe is not None:
            self._models.probe.touch()

    async def loaded_answerer(self) -> "Answerer[Any] | None":
        """The same, once loading has ended one way or the other."""
        await self.wait_until_loaded()
        return self.answerer

    async def wait_until_loaded(self) -> None:
        """Wait until there is an engine, or there can be none."""
        while self.started and not self._settled.is_set():  # new settings may begin a second load
            await self._settled.wait()

    @property
    def absence(self) -> Literal["loading", "missing", "failed", "off"]:
        """Return why there is no engine."""
        state = self._item.status.state
        return "loading" if state == "ready" else state

    @property
    def started(self) -> bool:
        """Return whether a model was ever asked for."""
        return self._loads > 0

    def start(self) -> None:
        """Open the models in the background; models opened for older settings are closed."""
        self._loads += 1
        self._missing = False
        self._close_models()
        self._settled.clear()
        self._tried = time.monotonic()
        self._item.reset(SessionStatus(self._config().completion.model, message="starting"))
        loop = asyncio.get_running_loop()
        # A daemon thread, not an executor: leaving the process must not wait for it.
        threading.Thread(target=self._open, args=(self._loads, loop), name="assist-open", daemon=True).start()

    def retry_missing(self) -> None:
        """Start again if the model was missing: it may have been downloaded since."""
        if self._missing and time.monotonic() - self._tried > RETRY:
            self.start()

    def close(self) -> None:
        """Free the models; a loading one is closed once it is loaded."""
        self._loads += 1
        self._close_models()
        self._settled.set()
        self._item.update(state="off", message="")

    def totals(self) -> Counter[str]:
        """Everything that the engines counted since the session began."""
        return self._counts + (self.engine.counts if self.engine is not None else Counter())

    def _open(self, load: int, loop: asyncio.AbstractEventLoop) -> None:
        def say(message: str) -> None:
            call_on(loop, self._show_progress, load, message)

        models: OpenedModels | None = None
        state: LoadState = "failed"
        message = (
            f"The model {self._config().completion.model} could not be opened; the server's log says why. "
            "Check its file with `assist models verify`, or choose another model."
        )
        try:
            models = self._open_models(self._config(), say)
        except CompletionError as error:
            state = "missing" if isinstance(error, MissingModelError) else "failed"
            message = str(error)
        finally:
            # Any other error ends this thread with a traceback in the log. The editor is told all the same,
            # or else it would show "loading" for ever.
            if models is None:
                call_on(loop, self._show_failure, load, state, message)
            else:
                call_on(loop, self._take, load, models)

    def _take(self, load: int, models: "OpenedModels") -> None:
        if load != self._loads:
            models.engine.close()
            return
        self._models = models
        if models.probe is not None:
            models.probe.start()
        self._engine = models.engine
        self._settled.set()
        name = self._config().completion.model
        label = name if models.model in ("", model_name(name)) else models.model
        self._item.reset(SessionStatus(label, state="ready", engine=models.library, message=models.trouble))
        self._use_server()
        self._on_ready()

    def _show_failure(self, load: int, state: LoadState, message: str) -> None:
        if load == self._loads:
            self._settled.set()
            self._missing = state == "missing"
            self._item.update(state=state, message=message)
            self._use_server(message)
            if self._engine is not None:
                self._on_ready()

    def _use_server(self, missing: str = "") -> None:
        """Put the team's server before the local model, if the settings name one. It opens no connection.

        `missing` says why there is no local model, or "".
        """
        config = self._config()
        local = self._models.engine if self._models is not None else None
        try:
            server = named_server(config)
            if server is None or config.offline:
                return
            # Its gate takes 0.3 s of the event loop, so it is imported only where there is a server.
            from assist_server.team.team_server_opening import TeamView, open_team_engine  # noqa: PLC0415

            host = urlsplit(server[1].base_url).netloc

            def show(tier: "Tier") -> None:
                away = tier.name == "local"
                self._item.update(tier=tier.name, host="" if away else host, message=tier.why)

            loop = asyncio.get_running_loop()

            def tell(text: str) -> None:
                call_on(loop, lambda: self._item.update(message=text))

            view = TeamView(show, tell, self._unsaved)
            self._engine = open_team_engine(self._config, server, self._folders, local, view)
        except EscalationError as error:
            self._item.update(message=str(error))
            return
        self._item.reset(
            SessionStatus(server[1].model, state="ready", tier="team", host=host, message=missing)
        )

    def _show_progress(self, load: int, message: str) -> None:
        if load == self._loads:
            self._item.update(message=message)

    def _close_models(self) -> None:
        if self._engine is not None:
            self._counts.update(self._engine.counts)
            self._engine.close()
            self._engine = None
        if self._models is not None:
            if self._models.probe is not None:
                self._models.probe.close()
            if self._models.guests is not None:
                self._models.guests.close()
            self._models.answers.close()
            self._models.engine.close()
            self._models = None
