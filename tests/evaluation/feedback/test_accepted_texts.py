"""What becomes of accepted ghost text, in a session with the real engine and a fake model."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from ghost_desk import URI, Desk, writing

from assist_context.documents import Cursor
from assist_evaluation.feedback.accepted_texts import MOST, TRIES, AcceptedTexts
from assist_evaluation.feedback.shown_texts import ShownText
from assist_evaluation.feedback.usage_counts import UsageTable
from assist_evaluation.usage import usage_rows
from assist_evaluation.usage.usage_rows import UsageKey
from assist_server.workspace.documents import Edit, OpenDocument
from assist_server.workspace.folders import make_key

SOON = 0.02  # seconds until a text is judged in these tests
ENTER = (0, 16)  # the end of the line on which "total(items)" was accepted


async def judged(desk: Desk) -> list[str]:
    async with asyncio.timeout(60):
        while desk.session.usage.accepted.has_timer:
            await asyncio.sleep(SOON / 4)
    return desk.ends


async def test_a_text_that_is_left_alone_is_kept(tmp_path: Path) -> None:
    async with writing(tmp_path, kept_after=SOON) as desk:
        assert await desk.accept() == "total(items)"
        assert desk.text == "x = total(items)\ny = 1\n"
        assert desk.ends == []
        assert desk.session.usage.accepted.has_timer
        assert await judged(desk) == ["kept-30s"]
        assert desk.session.usage.accepted.waiting == 1  # the first save is still to come
        desk.session.save_document(URI)
        assert desk.ends == ["kept-30s", "kept-saved"]
        assert desk.session.usage.accepted.waiting == 0
        desk.session.save_document(URI)
        assert desk.ends == ["kept-30s", "kept-saved"]


TAKE_BACK = ("", (0, 4), ENTER)
REPLACED = "import a\n\nx = total(\n    items\n)\ny = 1\n"
ACTS = {
    "take it back": ([TAKE_BACK], "gone"),
    "take it back and put it back": ([TAKE_BACK, ("total(items)", (0, 4), (0, 4))], "kept"),
    "write something else": ([("sum(each.price for each in cart)", (0, 4), ENTER)], "gone"),
    "rename an argument": ([("cart", (0, 10), (0, 15))], "gone"),
    "change a letter": ([("s", (0, 9), (0, 9))], "kept"),
    "delete most": ([("", (0, 9), ENTER)], "gone"),
    "write after it": ([("[0] + rest\nz = 2\n", ENTER, ENTER)], "kept"),
    "write above": ([("import a\n\n\n", (0, 0), (0, 0))], "kept"),
    "write above and take it back": ([("import a\n\n\n", (0, 0), (0, 0)), ("", (3, 4), (3, 16))], "gone"),
    "delete its line": ([("", (0, 0), (1, 0))], "gone"),
    "replace all": ([(REPLACED,)], "kept"),
    "replace all without it": ([("import a\n\ny = 1\n",)], "gone"),
    "replace all by the same": ([("x = total(items)\ny = 1\n",)], "kept"),
    "comment it out": ([("# ", (0, 0), (0, 0))], "kept"),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("judge", ["later", "saved", "closed"])
async def test_a_text_is_judged_by_what_the_user_did(tmp_path: Path, act: str, judge: str) -> None:
    edits, end = ACTS[act]
    async with writing(tmp_path, kept_after=SOON if judge == "later" else 30) as desk:
        await desk.accept()
        for edit in edits:
            desk.edit(*edit)  # type: ignore[arg-type]
        if judge == "later":
            assert await judged(desk) == [f"{end}-30s"]
        elif judge == "saved":
            desk.session.save_document(URI)
            assert desk.ends == [f"{end}-saved"]
        else:
            desk.session.close_document(URI)
            assert desk.ends == [f"{end}-30s"]
            assert (desk.session.usage.accepted.waiting, desk.session.usage.accepted.has_timer) == (0, False)


async def test_what_changes_after_a_judgement_counts_for_the_next_one_only(tmp_path: Path) -> None:
    async with writing(tmp_path, kept_after=SOON) as desk:
        await desk.accept()
        await judged(desk)
        desk.edit(*TAKE_BACK)
        desk.session.save_document(URI)
        assert desk.ends == ["gone-saved", "kept-30s"]


async def test_an_acceptance_may_be_reported_before_its_change_arrives(tmp_path: Path) -> None:
    async with writing(tmp_path) as desk:
        (ghost,) = await desk.session.suggestions.complete(URI, desk.at, manual=False)
        desk.session.suggestions.record_accepted(ghost.suggestion.id, URI)
        desk.edit(ghost.text, desk.at, desk.at)
        desk.edit("import a\n", (0, 0), (0, 0))
        desk.session.save_document(URI)
        assert desk.ends == ["kept-saved"]


async def test_a_text_that_never_arrives_is_gone(tmp_path: Path) -> None:
    async with writing(tmp_path, "total(items)\nx = █\n") as desk:
        (ghost,) = await desk.session.suggestions.complete(URI, desk.at, manual=False)
        desk.session.suggestions.record_accepted(ghost.suggestion.id, URI)
        desk.session.close_document(URI)
        assert desk.ends == ["gone-30s"], "the same text further up is another one"


async def test_a_text_accepted_word_by_word_counts_once_and_with_all_its_words(tmp_path: Path) -> None:
    async with writing(tmp_path) as desk:
        (ghost,) = await desk.session.suggestions.complete(URI, desk.at, manual=False)
        for part, column, length in (("total", 4, 5), ("(", 9, 6), ("items", 10, 11)):
            desk.edit(part, (0, column), (0, column))
            desk.session.suggestions.record_accepted(ghost.suggestion.id, units=length)
        assert desk.text.startswith("x = total(items\n")
        desk.session.save_document(URI)
        assert (desk.counts["accepted"], desk.ends) == (1, ["kept-saved"])
        desk.edit("", (0, 9), (0, 15))
        desk.session.close_document(URI)
        assert desk.ends == ["gone-30s", "kept-saved"]


async def test_a_text_accepted_in_parts_that_are_asked_for_each_time_is_one(tmp_path: Path) -> None:
    async with writing(tmp_path) as desk:
        column = 4
        for part in ("total", "(", "items"):
            (ghost,) = await desk.session.suggestions.complete(URI, (0, column), manual=False)
            desk.edit(part, (0, column), (0, column))
            desk.session.suggestions.record_accepted(ghost.suggestion.id, units=len(part))
            column += len(part)
        assert desk.text.startswith("x = total(items\n")
        assert desk.session.usage.accepted.waiting == 1
        desk.session.save_document(URI)
        assert (desk.counts["accepted"], desk.ends) == (1, ["kept-saved"])
        desk.edit("", (0, 9), (0, 15))
        desk.session.close_document(URI)
        assert desk.ends == ["gone-30s", "kept-saved"], "all its parts were followed"


async def test_what_comes_after_an_accepted_text_is_another_one(tmp_path: Path) -> None:
    async with writing(tmp_path, raw="total(items)\ny = total(items)\n") as desk:
        first = await desk.accept()
        desk.edit("\ny = ", (0, 4 + len(first)), (0, 4 + len(first)))
        desk.at = (1, 4)
        await desk.accept()
        assert (desk.counts["offered"], desk.counts["accepted"]) == (2, 2)


async def test_a_text_that_is_typed_through_is_shown_often_and_offered_once(tmp_path: Path) -> None:
    async with writing(tmp_path) as desk:
        for column, letter in enumerate("total", 4):
            await desk.session.suggestions.complete(URI, (0, column), manual=False)
            desk.edit(letter, (0, column), (0, column))
        desk.edit("", (0, 7), (0, 9))
        await desk.session.suggestions.complete(URI, (0, 7), manual=False)
        counts = desk.counts
        assert (counts["shown"], counts["source-typed-through"], counts["offered"]) == (6, 5, 1)


def shown_texts(
    count: int, lines: list[str], text: str = "a"
) -> tuple[AcceptedTexts, OpenDocument, UsageTable]:
    """A document in which texts were accepted at the beginning of as many lines, the first ones."""
    usage = UsageTable(tuple)
    accepted = AcceptedTexts(usage)
    document = OpenDocument("u", "a.py", "python", 1, lines, "utf-32")
    for number in range(count):
        key = UsageKey("2026-01-31", model=str(number))
        accepted.remember({number: ShownText(key, document, text, (number, 0))})
        accepted.accept(number)
    return accepted, document, usage


class ReadLines(list[str]):
    """Lines that count how often they are read."""

    reads = 0

    def __getitem__(self, at: Any) -> Any:
        self.reads += 1
        return super().__getitem__(at)


async def test_edits_below_and_above_accepted_texts_read_no_text() -> None:
    lines = ReadLines([f"a = {number}\n" for number in range(1_000)])
    accepted, document, usage = shown_texts(MOST, lines)
    accepted.foresee(document, Cursor(900, 0), Cursor(900, 1), "b")
    lines.reads = 0
    for number in range(MOST, 1_000):
        accepted.foresee(document, Cursor(number, 0), Cursor(number, 1), "b")
    assert lines.reads == 0
    accepted.foresee(document, Cursor(0, 0), Cursor(0, 0), "import b\n")
    assert lines.reads == 0
    list.insert(lines, 0, "import b\n")
    accepted.close()
    assert {counts["kept-30s"] for counts in usage.rows.values()} == {1}


async def test_a_text_that_never_arrives_is_looked_for_a_few_times_only() -> None:
    lines = ReadLines([f"a = {number}\n" for number in range(1_000)])
    accepted, document, usage = shown_texts(MOST, lines, "never")
    lines.reads = 0
    for number in range(MOST, 1_000):
        accepted.foresee(document, Cursor(number, 0), Cursor(number, 1), "b")
    assert 0 < lines.reads <= 2 * TRIES * MOST
    accepted.close()
    assert {counts["gone-30s"] for counts in usage.rows.values()} == {1}


@pytest.mark.parametrize(
    ("put", "end"), [("total(\n    items)", "kept"), ("sum(each for each in cart)", "gone")]
)
async def test_a_change_of_many_edits_is_compared_as_a_whole(tmp_path: Path, put: str, end: str) -> None:
    rest = "".join(f"y{number}=1\n" for number in range(300))
    async with writing(tmp_path, f"{rest}x = █\n{rest}") as desk:
        await desk.accept()
        edits = [
            Edit(" = ", (number, len(f"y{number}")), (number, len(f"y{number}="))) for number in range(300)
        ]
        edits += [Edit(put, (300, 4), (300, 16)), Edit("import b\n", (0, 0), (0, 0))]
        desk.session.change_document(URI, 9, edits)
        desk.session.save_document(URI)
        assert desk.ends == [f"{end}-saved"]


async def test_texts_are_found_where_many_edits_have_moved_them_to() -> None:
    count = 20_000
    accepted, document, usage = shown_texts(0, [f"a = {number}\n" for number in range(count)] + [""])
    key = UsageKey("2026-01-31")
    for number in (0, count // 2, count - 1):
        accepted.remember({number: ShownText(key, document, f"a = {number}", (number, 0))})
        accepted.accept(number)
    old = tuple(document.lines)
    document.apply(2, [Edit("    ", (number, 0), (number, 0)) for number in range(count)])
    accepted.compare(document, old)
    accepted.close()
    assert usage.rows[key]["kept-30s"] == 3


async def test_an_edit_above_may_come_between_the_report_and_the_text(tmp_path: Path) -> None:
    async with writing(tmp_path) as desk:
        (ghost,) = await desk.session.suggestions.complete(URI, desk.at, manual=False)
        desk.session.suggestions.record_accepted(ghost.suggestion.id, URI)
        desk.edit("import a\nimport b\n", (0, 0), (0, 0))
        desk.edit("", (0, 0), (1, 0))
        desk.edit(ghost.text, (1, 4), (1, 4))
        desk.session.save_document(URI)
        assert desk.ends == ["kept-saved"]


async def test_what_was_never_shown_cannot_be_accepted(tmp_path: Path) -> None:
    async with writing(tmp_path) as desk:
        desk.session.suggestions.record_accepted(99, URI)
        assert desk.counts == {}
        assert not desk.session.usage.accepted.has_timer


async def test_a_document_that_is_opened_once_more_is_judged_as_it_was(tmp_path: Path) -> None:
    async with writing(tmp_path) as desk:
        await desk.accept()
        desk.session.open_document(OpenDocument(URI, "a.py", "python", 1, ["other\n", ""]))
        assert desk.ends == ["kept-30s"]


async def test_the_end_of_a_session_judges_what_waits_and_ends_its_timer(tmp_path: Path) -> None:
    async with writing(tmp_path) as desk:
        await desk.accept()
        desk.session.close()
        assert desk.ends == ["kept-30s"]
        assert not desk.session.usage.accepted.has_timer


async def test_requests_are_counted_by_day_repository_model_and_language(tmp_path: Path) -> None:
    root = tmp_path / "work"
    (root / "src").mkdir(parents=True)
    async with writing(tmp_path, real_path=str(root / "src" / "a.py")) as desk:
        desk.session.open_folders([str(root / "src")])
        async with asyncio.timeout(60):
            while not desk.session.usage.table.key(desk.session.documents.by_uri[URI], "").repo:
                await asyncio.sleep(0.005)  # which repository it is, a thread finds out
        await desk.accept()
        await desk.session.suggestions.complete(URI, (0, 16), manual=False)
        ((key, counts),) = desk.session.usage.table.rows.items()
    assert (key.repo, key.model, key.language) == (make_key(str(root / "src")), "fake", "python")
    assert len(key.day) == len("2026-01-31")
    assert counts["requests"] == 2
    assert (counts["shown"], counts["source-model"], counts["accepted"]) == (1, 1, 1)
    assert sum(count for name, count in counts.items() if name.startswith("ms")) == 2


async def test_a_request_that_the_editor_takes_back_counts_as_that_only(tmp_path: Path) -> None:
    async with writing(tmp_path) as desk:
        task = asyncio.create_task(desk.session.suggestions.complete(URI, desk.at, manual=False))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert desk.counts == {"cancelled": 1}
        assert next(iter(desk.session.usage.table.rows)).model == "fake"


async def test_two_sessions_add_up_and_neither_text_nor_path_is_written(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for _ in range(2):
        async with writing(tmp_path, real_path=str(tmp_path / "secret" / "a.py")) as desk:
            await desk.accept()
            desk.session.close_document(URI)
    ((_, counts),) = usage_rows.read(data).items()
    assert {name: counts[name] for name in ("requests", "shown", "accepted", "kept-30s")} == {
        "requests": 2,
        "shown": 2,
        "accepted": 2,
        "kept-30s": 2,
    }
    written = (data / usage_rows.FILE).read_text()
    assert not [word for word in ("total", "items", "secret", "a.py", str(tmp_path)) if word in written]


async def test_of_too_many_texts_the_oldest_are_judged_first() -> None:
    accepted, _, usage = shown_texts(MOST + 2, [f"a = {number}\n" for number in range(MOST + 2)])
    assert accepted.waiting == MOST
    ends = {key.model for key, counts in usage.rows.items() if counts["kept-30s"]}
    assert ends == {"0", "1"}
    accepted.close()
    assert sum(counts["kept-30s"] for counts in usage.rows.values()) == MOST + 2


async def test_columns_are_counted_as_the_editor_does() -> None:
    usage = UsageTable(tuple)
    accepted = AcceptedTexts(usage)
    document = OpenDocument("u", "a.py", "python", 1, ["s = '😀' + \n"], "utf-16")
    key = UsageKey("2026-01-31")
    accepted.remember({1: ShownText(key, document, "'😀😀' + name", (0, 10))})
    document.apply(2, [Edit("'😀😀' + ", (0, 11), (0, 11))], lambda *edit: accepted.foresee(document, *edit))
    accepted.accept(1, units=9)
    accepted.judge_closed(document)
    assert usage.rows[key] == {"offered": 1, "accepted": 1, "kept-30s": 1}
