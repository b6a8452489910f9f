"""Why nothing is shown: each reason is brought about in a session with the real engine, and read in words."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pytest
from config_files import environ
from ghost_desk import URI, At, Desk, writing
from lsprotocol import types

from assist_completion.errors import MissingModelError, ModelError, ServedError
from assist_completion.suggestion import Reason
from assist_server.config.config import load_lenient
from assist_server.editor.session import Session
from assist_server.editor.suggestions import PopupSelection, RequestEnd
from assist_server.lsp.server import _ghost_texts
from assist_server.wording.reasons import REASONS, EditorReason
from assist_server.workspace.documents import Edit

Case = Callable[[Path], Awaitable[RequestEnd]]


async def ask(desk: Desk, at: At | None = None, *, uri: str = URI, manual: bool = False) -> RequestEnd:
    await desk.session.suggestions.complete(uri, at or desk.at, manual=manual)
    return desk.session.suggestions.get_end(uri, at or desk.at)


def llama_of(desk: Desk) -> Any:
    return desk.models[0].llama


def slow_down(desk: Desk, seconds: float = 0.05) -> None:
    llama_of(desk).before_slice = lambda: time.sleep(seconds)


def break_with(desk: Desk, error: Exception) -> None:
    def fail() -> None:
        raise error

    llama_of(desk).before_slice = fail


async def filtered(
    place: Path, *, source: str, raw: str, suffix: str = "py", manual: bool = False
) -> RequestEnd:
    async with writing(place, source, raw, name=f"a.{suffix}") as desk:
        return await ask(desk, manual=manual)


async def doubted(place: Path) -> RequestEnd:
    async with writing(place, "x = █\n", "call(y)", mode="quiet") as desk:
        llama_of(desk).sureness = 5.0  # a log-probability of about -1
        return await ask(desk)


async def unasked(place: Path) -> RequestEnd:
    async with writing(place, "x = █\n", "y", mode="manual") as desk:
        return await ask(desk)


async def in_comment(place: Path) -> RequestEnd:
    async with writing(place, "# a█\n", "nd b") as desk:
        completion = replace(desk.session.config.completion, in_comments=False)
        desk.session.configure(replace(desk.session.config, completion=completion))
        return await ask(desk)


async def in_a_language_that_is_off(place: Path) -> RequestEnd:
    async with writing(place, "a █\n", "word", name="a.md") as desk:
        completion = replace(desk.session.config.completion, languages_off=("Markdown",))
        desk.session.configure(replace(desk.session.config, completion=completion))
        return await ask(desk)


async def snoozed(place: Path) -> RequestEnd:
    async with writing(place, "x = █\n", "y") as desk:
        desk.session.snooze(time.time() + 600)
        return await ask(desk)


async def overtaken(place: Path) -> RequestEnd:
    async with writing(place, "first = █\n\n\nsecond = \n", "call(one)") as desk:
        slow_down(desk, 0.5)
        older = asyncio.create_task(ask(desk, manual=True))
        while desk.session.model.engine._worker.idle():
            await asyncio.sleep(0.005)
        newer = asyncio.create_task(ask(desk, (3, 9), manual=True))
        end = await older
        slow_down(desk, 0.0)
        await newer
        return end


async def failing(place: Path, *, error: Exception) -> RequestEnd:
    async with writing(place, "x = █\n", "y") as desk:
        break_with(desk, error)
        position = types.Position(*desk.at)
        assert await _ghost_texts(desk.session, URI, position, manual=True) == ()
        return desk.session.suggestions.get_end(URI, desk.at)


async def cancelled(place: Path) -> RequestEnd:
    async with writing(place, "x = █\n", "y") as desk:
        slow_down(desk)
        task = asyncio.create_task(ask(desk, manual=True))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return desk.session.suggestions.get_end(URI, desk.at)


async def typed_on(place: Path) -> RequestEnd:
    async with writing(place, "x = █\n", "call(y)") as desk:
        slow_down(desk)
        task = asyncio.create_task(ask(desk, manual=True))
        await asyncio.sleep(0.05)
        desk.session.change_document(URI, 2, [Edit("zz", desk.at, desk.at)])
        return await task


async def without_model(place: Path, *, error: Exception) -> RequestEnd:
    async with writing(place, "x = █\n", error=error) as desk:
        return await ask(desk)


async def too_early(place: Path) -> RequestEnd:
    session = Session(load_lenient(environ(place)), print, print)  # type: ignore[arg-type]
    await session.suggestions.complete(URI, (0, 0), manual=True)
    return session.suggestions.get_end(URI, (0, 0))


async def too_late(place: Path) -> RequestEnd:
    async with writing(place, "x = █\n", "y") as desk:
        desk.session.close()
        return await ask(desk)


async def elsewhere(place: Path) -> RequestEnd:
    async with writing(place, "x = █\n", "y") as desk:
        return await ask(desk, uri="file:///work/other.py")


async def inventing(place: Path) -> RequestEnd:
    """The model names a method that no class in an indexed workspace has."""
    folder = place / "work"
    folder.mkdir()
    (folder / "b.py").write_text("class B:\n    def known(self):\n        pass\n")
    source = "class A:\n    def f(self):\n        self.█\n"
    async with writing(place, source, "from_dictionary(1)", real_path=str(folder / "a.py")) as desk:
        ready = asyncio.Event()
        desk.session.workspace.listen(lambda event: ready.set() if event["event"] == "ready" else None)
        desk.session.open_folders([str(folder)])
        async with asyncio.timeout(30):
            await ready.wait()
        return await ask(desk)


async def paused(place: Path) -> RequestEnd:
    async with writing(place, "x = █\n", "y") as desk:
        return desk.session.suggestions.end_while_paused(desk.at)


async def never(place: Path) -> RequestEnd:
    async with writing(place, "x = █\n", "y") as desk:
        return desk.session.suggestions.get_end(URI, desk.at)


# reason: how it comes about, and the words that users read
CASES: dict[str, tuple[Case, str]] = {
    "low-confidence": (doubted, "not confident enough: 0."),
    "model-stopped": (partial(filtered, source="x = 1█\n", raw=""), "nothing to add here"),
    "empty": (partial(filtered, source="x = 1█\n", raw="\ny = 2\n"), "considers this line complete"),
    "repetition": (partial(filtered, source="x = █\n", raw="1, " * 20), "the model repeated itself"),
    "echo": (partial(filtered, source="    total = 0\n    tot█\n", raw="al = 0"), "repeated the code above"),
    "duplicates-suffix": (
        partial(filtered, source="def f(a):\n    █\n    return a + 1\n", raw="return a + 1"),
        "repeated what is already after the cursor",
    ),
    "duplicate-closer": (
        partial(filtered, source="def f\n  x = 1\n█\nend\n", raw="end", suffix="rb"),
        "the answer only repeated the closing line that comes next",
    ),
    "extra-closing-bracket": (
        partial(filtered, source="x = foo(a)█\n", raw=")"),
        "one closing bracket too many",
    ),
    "open-bracket": (partial(filtered, source="x = █\n", raw="f([\n"), "left a bracket open"),
    "unknown-name": (inventing, "exists neither in this file nor in the workspace"),
    "contradiction": (
        partial(filtered, source="const a = 3;\n█\n", raw="a = 4;", suffix="ts"),
        "did not fit the lines around it",
    ),
    "syntax": (partial(filtered, source="if a ==█\n", raw=" = b:"), "a syntax error here"),
    "too-short": (partial(filtered, source="x = █\n", raw="y"), "a single character"),
    "special-token": (partial(filtered, source="x = █\n", raw='"<|fim_middle|>"'), "was not code"),
    "unseen": (partial(filtered, source="x = █\n", raw="a  # \u202e"), "invisible characters"),
    "manual-only": (unasked, "the mode is manual"),
    "in-comment": (in_comment, "off in comments"),
    "language-off": (in_a_language_that_is_off, "off in Markdown; request a suggestion manually"),
    "snoozed": (snoozed, "snoozed until "),
    "long-line": (partial(filtered, source=f"x = '{'a' * 5000}█\n", raw="y"), "longer than 4,000 characters"),
    "superseded": (overtaken, "a newer request"),
    "model-failed": (partial(failing, error=ModelError("broken")), "llama.cpp reported an error"),
    "server-away": (partial(failing, error=ServedError("no", away=True)), "did not answer"),
    "not-for-server": (
        partial(failing, error=ServedError("no", away=False)),
        "may not go to the team's server",
    ),
    "internal-error": (partial(failing, error=RuntimeError("bug")), "had an internal error"),
    "binary": (partial(filtered, source="x = '\0█'\n", raw="y"), "the file is binary"),
    "cancelled": (cancelled, "cancelled the request"),
    "document-changed": (typed_on, "the text had changed"),
    "missing": (partial(without_model, error=MissingModelError("x is not here.")), "there is no model"),
    "failed": (partial(without_model, error=ModelError("x is damaged.")), "the model did not load"),
    "loading": (too_early, "the model is loading"),
    "off": (too_late, "the server has stopped"),
    "unknown-document": (elsewhere, "has not sent this file"),
    "paused": (paused, "suggestions are paused"),
    "not-requested": (never, "no suggestion was requested in this file yet"),
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
    async with writing(tmp_path, "x = █\n", "call(y)", mode="quiet") as desk:
        llama_of(desk).others = [("x = cal0", 14.0)]  # its fourth letter is a doubt
        outcome = await ask(desk)
        status = desk.session.status
    assert outcome.text == "cal0"
    assert "it would have begun with `cal0`" in outcome.explain(desk.at)
    assert status.why == outcome.words
    assert "begun" not in status.why


async def test_the_status_says_why_until_something_is_shown(tmp_path: Path) -> None:
    async with writing(tmp_path, "x = █\n", "call(y)") as desk:
        await ask(desk, uri="file:///work/other.py")
        assert "has not sent this file" in desk.session.status.why
        assert (await ask(desk)).words.startswith("a suggestion was shown: ")
        assert desk.session.status.why == ""


async def test_the_request_at_the_cursor_counts_and_else_the_last_one(tmp_path: Path) -> None:
    async with writing(tmp_path, "x = █\n", "call(y)") as desk:
        await ask(desk)
        await ask(desk, (9, 9))
        suggestions = desk.session.suggestions
        assert suggestions.get_end(URI, desk.at).reason == ""
        other = suggestions.get_end(URI, (0, 1))
        assert other.at == (9, 9)
        assert other.explain((0, 1)).startswith("at line 10: ")
        assert not other.explain(None).startswith("at line")


@pytest.mark.parametrize("hidden", ["\u200b", "\x1b", " " * 81])
async def test_a_popup_that_hides_something_is_not_gone_on_from(tmp_path: Path, hidden: str) -> None:
    async with writing(tmp_path, source="x = ma█\n", raw="th.pi") as desk:
        suggestions = desk.session.suggestions
        selected = PopupSelection(f"ma{hidden}th", 4)
        assert await suggestions.complete(URI, desk.at, manual=True, popup=selected) == ()
        assert suggestions.get_end(URI, desk.at).reason == "unseen"
