"""Why nothing is shown: each reason is brought about in a session with the real engine, and read in words."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pytest
from config_files import environ
from fake_llama import SMALL_BUDGET, fake_model
from lsprotocol import types

from assist_completion.engine.engine import Engine
from assist_completion.errors import MissingModelError, ModelError, ServedError
from assist_completion.inference.worker import Worker
from assist_completion.suggestion import Reason
from assist_server.config.config import load_lenient
from assist_server.editor.session import Session
from assist_server.editor.suggestions import RequestEnd
from assist_server.local_model.opening import OpenedModels
from assist_server.lsp.server import _ghost_texts
from assist_server.wording.reasons import REASONS, EditorReason
from assist_server.workspace.documents import Edit, OpenDocument

URI = "file:///work/a.py"
At = tuple[int, int]
Case = Callable[[Path], Awaitable[RequestEnd]]


class NoAnswers:
    def close(self) -> None:
        pass


class Desk:
    """A session with one open document, whose model continues it with one text. The cursor is at █."""

    def __init__(self, session: Session, models: list[Any], at: At) -> None:
        self.session, self.models, self.at = session, models, at

    async def ask(self, at: At | None = None, *, uri: str = URI, manual: bool = False) -> RequestEnd:
        await self.session.suggestions.complete(uri, at or self.at, manual=manual)
        return self.session.suggestions.end_of(uri, at or self.at)

    def slow_down(self, seconds: float = 0.05) -> None:
        self.models[0].llama.before_slice = lambda: time.sleep(seconds)

    def break_with(self, error: Exception) -> None:
        def fail() -> None:
            raise error

        self.models[0].llama.before_slice = fail


@asynccontextmanager
async def working(
    place: Path,
    source: str = "x = █\n",
    raw: str = "y",
    *,
    mode: str = "eager",
    suffix: str = "py",
    error: Exception | None = None,
    real_path: str = "",
) -> AsyncIterator[Desk]:
    config = load_lenient(environ(place))
    completion = replace(config.completion, mode=mode, debounce_ms_max=0)  # type: ignore[arg-type]
    before, after = source.split("█")
    models: list[Any] = []

    def open_models(config: Any, say: Any) -> OpenedModels:
        if error is not None:
            raise error
        worker = Worker(lambda abort: models.append(fake_model(before + raw, abort)) or models[0])
        worker.opened.result(10)
        engine = Engine(worker, config.completion, SMALL_BUDGET, "fake")
        return OpenedModels(engine, NoAnswers(), Path(), None, 0.0)  # type: ignore[arg-type]

    settled = asyncio.Event()

    def show(status: Any) -> None:
        if status.state in ("ready", "missing", "failed"):
            settled.set()

    session = Session(replace(config, completion=completion), show, open_models)
    lines = (before + after).splitlines(keepends=True)
    session.open_document(OpenDocument(URI, f"a.{suffix}", "", 1, [*lines, ""], real_path=real_path))
    session.model.start()
    async with asyncio.timeout(10):
        await settled.wait()
    yield Desk(session, models, (before.count("\n"), len(before.rpartition("\n")[2])))
    session.close()


async def filtered(
    place: Path, *, source: str, raw: str, suffix: str = "py", manual: bool = False
) -> RequestEnd:
    async with working(place, source, raw, suffix=suffix) as desk:
        return await desk.ask(manual=manual)


async def doubted(place: Path) -> RequestEnd:
    async with working(place, "x = █\n", "call(y)", mode="quiet") as desk:
        desk.models[0].llama.sureness = 5.0  # a log-probability of about -1
        return await desk.ask()


async def unasked(place: Path) -> RequestEnd:
    async with working(place, mode="manual") as desk:
        return await desk.ask()


async def overtaken(place: Path) -> RequestEnd:
    async with working(place, "first = █\n\n\nsecond = \n", "call(one)") as desk:
        desk.slow_down()
        older = asyncio.create_task(desk.ask(manual=True))
        await asyncio.sleep(0.1)
        await desk.ask((3, 9), manual=True)
        return await older


async def failing(place: Path, *, error: Exception) -> RequestEnd:
    async with working(place) as desk:
        desk.break_with(error)
        position = types.Position(*desk.at)
        assert await _ghost_texts(desk.session, URI, position, manual=True) == ()
        return desk.session.suggestions.end_of(URI, desk.at)


async def cancelled(place: Path) -> RequestEnd:
    async with working(place) as desk:
        desk.slow_down()
        task = asyncio.create_task(desk.ask(manual=True))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return desk.session.suggestions.end_of(URI, desk.at)


async def typed_on(place: Path) -> RequestEnd:
    async with working(place, "x = █\n", "call(y)") as desk:
        desk.slow_down()
        task = asyncio.create_task(desk.ask(manual=True))
        await asyncio.sleep(0.05)
        desk.session.change_document(URI, 2, [Edit("zz", desk.at, desk.at)])
        return await task


async def without_model(place: Path, *, error: Exception) -> RequestEnd:
    async with working(place, error=error) as desk:
        return await desk.ask()


async def too_early(place: Path) -> RequestEnd:
    session = Session(load_lenient(environ(place)), print, print)  # type: ignore[arg-type]
    await session.suggestions.complete(URI, (0, 0), manual=True)
    return session.suggestions.end_of(URI, (0, 0))


async def too_late(place: Path) -> RequestEnd:
    async with working(place) as desk:
        desk.session.close()
        return await desk.ask()


async def elsewhere(place: Path) -> RequestEnd:
    async with working(place) as desk:
        return await desk.ask(uri="file:///work/other.py")


async def inventing(place: Path) -> RequestEnd:
    """The model names a method that no class in an indexed workspace has."""
    folder = place / "work"
    folder.mkdir()
    (folder / "b.py").write_text("class B:\n    def known(self):\n        pass\n")
    source = "class A:\n    def f(self):\n        self.█\n"
    async with working(place, source, "from_dictionary(1)", real_path=str(folder / "a.py")) as desk:
        ready = asyncio.Event()
        desk.session.workspace.listen(lambda event: ready.set() if event["event"] == "ready" else None)
        desk.session.open_folders([str(folder)])
        async with asyncio.timeout(30):
            await ready.wait()
        return await desk.ask()


async def paused(place: Path) -> RequestEnd:
    async with working(place) as desk:
        return desk.session.suggestions.end_while_paused(desk.at)


async def never(place: Path) -> RequestEnd:
    async with working(place) as desk:
        return desk.session.suggestions.end_of(URI, desk.at)


# reason: how it comes about, and the words that users read
CASES: dict[str, tuple[Case, str]] = {
    "low-confidence": (doubted, "too unsure: 0."),
    "model-stopped": (partial(filtered, source="x = 1█\n", raw=""), "nothing to add here"),
    "empty": (partial(filtered, source="x = 1█\n", raw="\ny = 2\n"), "takes this line as complete"),
    "repetition": (partial(filtered, source="x = █\n", raw="1, " * 20), "went round in circles"),
    "echo": (partial(filtered, source="    total = 0\n    tot█\n", raw="al = 0"), "repeated the code above"),
    "duplicates-suffix": (
        partial(filtered, source="def f(a):\n    █\n    return a + 1\n", raw="return a + 1"),
        "repeated what is already after the cursor",
    ),
    "duplicate-closer": (
        partial(filtered, source="def f\n  x = 1\n█\nend\n", raw="end", suffix="rb"),
        "the closing line that comes next",
    ),
    "extra-closing-bracket": (partial(filtered, source="x = foo(a)█\n", raw=")"), "a bracket too many"),
    "open-bracket": (partial(filtered, source="x = █\n", raw="f([\n"), "left a bracket open"),
    "unknown-name": (inventing, "neither this file nor the workspace has"),
    "syntax": (partial(filtered, source="if a ==█\n", raw=" = b:"), "a syntax error here"),
    "too-short": (partial(filtered, source="x = █\n", raw="y"), "a single character"),
    "special-token": (partial(filtered, source="x = █\n", raw='"<|fim_middle|>"'), "was no code"),
    "manual-only": (unasked, "the mode is manual"),
    "long-line": (partial(filtered, source=f"x = '{'a' * 5000}█\n", raw="y"), "longer than 4,000 characters"),
    "superseded": (overtaken, "a newer request"),
    "model-failed": (partial(failing, error=ModelError("broken")), "llama.cpp reported an error"),
    "server-away": (partial(failing, error=ServedError("no", away=True)), "gave no answer"),
    "not-for-server": (
        partial(failing, error=ServedError("no", away=False)),
        "may not go to the team's server",
    ),
    "internal-error": (partial(failing, error=RuntimeError("bug")), "a mistake of its own"),
    "binary": (partial(filtered, source="x = '\0█'\n", raw="y"), "the file is binary"),
    "cancelled": (cancelled, "took the request back"),
    "document-changed": (typed_on, "the text had changed"),
    "missing": (partial(without_model, error=MissingModelError("x is not here.")), "there is no model"),
    "failed": (partial(without_model, error=ModelError("x is damaged.")), "the model did not load"),
    "loading": (too_early, "the model is loading"),
    "off": (too_late, "the server has ended"),
    "unknown-document": (elsewhere, "has not sent this file"),
    "paused": (paused, "suggestions are paused"),
    "not-requested": (never, "nothing was asked for in this file yet"),
}


def test_no_reason_is_without_words_and_without_a_case() -> None:
    known = {*get_args(Reason), *get_args(EditorReason)}
    assert known == REASONS.keys()
    assert known == CASES.keys()


@pytest.mark.parametrize("reason", CASES)
async def test_every_reason_is_told_in_words(tmp_path: Path, reason: str) -> None:
    bring_about, words = CASES[reason]
    outcome = await bring_about(tmp_path)
    assert outcome.reason == reason
    assert words in outcome.words
    assert outcome.words.endswith(REASONS[reason].get("remedy", outcome.words))


async def test_what_was_held_back_is_told_only_to_who_asks(tmp_path: Path) -> None:
    async with working(tmp_path, "x = █\n", "call(y)", mode="quiet") as desk:
        desk.models[0].llama.others = [("x = cal0", 9.0)]  # its fourth letter is a doubt
        outcome = await desk.ask()
        status = desk.session.status
    assert outcome.text == "cal0"
    assert "it would have begun with `cal0`" in outcome.explain(desk.at)
    assert status.why == outcome.words
    assert "begun" not in status.why


async def test_the_status_says_why_until_something_is_shown(tmp_path: Path) -> None:
    async with working(tmp_path, "x = █\n", "call(y)") as desk:
        await desk.ask(uri="file:///work/other.py")
        assert "has not sent this file" in desk.session.status.why
        assert (await desk.ask()).words.startswith("a suggestion was shown: ")
        assert desk.session.status.why == ""


async def test_the_request_at_the_cursor_counts_and_else_the_last_one(tmp_path: Path) -> None:
    async with working(tmp_path, "x = █\n", "call(y)") as desk:
        await desk.ask()
        await desk.ask((9, 9))
        suggestions = desk.session.suggestions
        assert suggestions.end_of(URI, desk.at).reason == ""
        other = suggestions.end_of(URI, (0, 1))
        assert other.at == (9, 9)
        assert other.explain((0, 1)).startswith("at line 10: ")
        assert not other.explain(None).startswith("at line")
