"""Where and when nothing comes unasked: languages that are off, and a snooze that ends by itself."""

import asyncio
import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from ghost_desk import URI, Desk, writing

from assist_completion.settings import CompletionSettings
from assist_server.editor.auto_trigger import Unasked, next_morning
from assist_server.editor.repository_limits import FRESH, GhostTextLimits, RepositoryLimits
from assist_server.workspace.documents import OpenDocument

NOON = datetime(2026, 5, 4, 12, 0).timestamp()


def opened(path: str, language: str = "") -> OpenDocument:
    return OpenDocument(f"file:///{path}", path, language, 1, [""])


def change(desk: Desk, **settings: Any) -> None:
    completion = replace(desk.session.config.completion, **settings)
    desk.session.configure(replace(desk.session.config, completion=completion))


async def unasked(desk: Desk) -> int:
    return len(await desk.session.suggestions.complete(URI, desk.at, manual=False))


@pytest.mark.parametrize(
    ("off", "document", "words"),
    [
        (("markdown",), opened("a.md"), "off in markdown"),
        (("Markdown",), opened("notes", "markdown"), "off in Markdown"),
        (("typescriptreact",), opened("a.tsx", "typescriptreact"), "off in typescriptreact"),
        (("tsx",), opened("a.tsx", "typescriptreact"), "off in tsx"),
        (("gitcommit",), opened("COMMIT_EDITMSG", "gitcommit"), "off in gitcommit"),
        (("plaintext",), opened("notes"), "off in plaintext"),
        (("markdown",), opened("a.py", "python"), ""),
        ((), opened("a.md"), ""),
    ],
)
def test_a_language_is_off_by_either_of_its_names(
    off: tuple[str, ...], document: OpenDocument, words: str
) -> None:
    settings = CompletionSettings(languages_off=off)
    place = Unasked(lambda: settings)
    place.visit(document)
    assert place.words == words
    assert place.why_not(document) == ("language-off" if words else None)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(15 * 60, "snoozed until 12:15"), (13 * 3600, "snoozed until 01:00 tomorrow"), (0, ""), (-60, "")],
)
async def test_a_snooze_says_until_when(seconds: float, words: str) -> None:
    place = Unasked(CompletionSettings, now=lambda: NOON)
    place.snooze(NOON + seconds)
    assert place.words == words
    place.close()


@pytest.mark.parametrize(("hour", "day"), [(23, 5), (12, 5), (1, 4), (5, 4), (6, 5)])
def test_tomorrow_begins_in_the_morning(hour: int, day: int) -> None:
    now = datetime(2026, 5, 4, hour, 0).timestamp()
    assert datetime.fromtimestamp(next_morning(now)) == datetime(2026, 5, day, 6, 0)


async def test_a_snooze_is_one_timer_and_ends_by_itself() -> None:
    words: list[str] = []
    ended = asyncio.Event()

    def hear() -> None:
        words.append(place.words)
        if len(words) > 1:
            ended.set()

    place = Unasked(CompletionSettings, hear)
    place.snooze(time.time() + 0.05)
    async with asyncio.timeout(60):
        await ended.wait()
    assert [bool(said) for said in words] == [True, False]
    assert not place.snoozed


async def test_a_snooze_whose_timer_slept_is_over_by_the_clock() -> None:
    now = [NOON]
    place = Unasked(CompletionSettings, now=lambda: now[0])
    place.snooze(NOON + 900)
    assert place.why_not(opened("a.py")) == "snoozed"
    now[0] += 900
    assert place.why_not(opened("a.py")) is None
    place.close()


async def test_a_snooze_keeps_what_comes_unasked_and_answers_by_hand(tmp_path: Path) -> None:
    async with writing(tmp_path, "x = █\n", "call(y)") as desk:
        session = desk.session
        session.snooze(time.time() + 900)
        assert session.status.quiet.startswith("snoozed until ")
        read = len(desk.models[0].llama.evaluated)
        session.move_cursor(URI, 0, 0)
        assert await unasked(desk) == 0
        assert len(desk.models[0].llama.evaluated) == read
        assert await session.suggestions.complete(URI, desk.at, manual=True)
        session.snooze(0)
        assert session.status.quiet == ""
        assert await unasked(desk) == 1


async def test_a_language_that_is_off_needs_no_other_model(tmp_path: Path) -> None:
    async with writing(tmp_path, "x = █\n", "call(y)") as desk:
        change(desk, languages_off=("python",))
        assert desk.session.status.state == "ready"
        assert desk.session.status.quiet == "off in python"
        assert await unasked(desk) == 0
        assert await desk.session.suggestions.complete(URI, desk.at, manual=True)
        desk.session.open_document(OpenDocument("file:///work/b.go", "b.go", "go", 1, ["package b\n"]))
        assert desk.session.status.quiet == ""
        desk.session.move_cursor(URI)
        assert desk.session.status.quiet == "off in python"
        change(desk, languages_off=())
        assert desk.session.status.quiet == ""
        assert await unasked(desk) == 1


async def test_a_repository_turns_languages_and_comments_off_for_anyone_who_works_in_it(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    rules = folder / ".assist.toml"
    rules.write_text('[completion]\nlanguages_off = ["python"]\nin_comments = false\n')
    file = str(folder / "a.py")
    async with writing(tmp_path, "# a█\n", "nd b", real_path=file) as desk:
        session = desk.session
        session.open_folders([str(folder)])
        session.move_cursor(URI)
        assert session.limits.reading is not None
        await session.limits.reading
        assert session.status.quiet == "off in python"
        assert await unasked(desk) == 0
        document = session.documents.by_uri[URI]
        assert not session.unasked.in_comments(document)
        change(desk, in_comments=True)
        assert not session.unasked.in_comments(document)


async def test_what_a_repository_says_is_read_again_at_events_and_seldom(tmp_path: Path) -> None:
    now = [100.0]
    changes: list[bool] = []
    limits = RepositoryLimits(lambda: changes.append(True), lambda: now[0])
    rules = tmp_path / ".assist.toml"

    async def look() -> GhostTextLimits:
        limits.of(str(tmp_path))
        assert limits.reading is not None
        await limits.reading
        return limits.of(str(tmp_path))

    assert await look() == GhostTextLimits()
    rules.write_text('[completion]\nlanguages_off = ["go"]\n')
    assert await look() == GhostTextLimits()
    now[0] += FRESH
    assert await look() == GhostTextLimits(("go",))
    rules.write_text("[completion]\nlanguages_off = 1\n")
    now[0] += FRESH
    assert await look() == GhostTextLimits()
    assert len(changes) == 2
