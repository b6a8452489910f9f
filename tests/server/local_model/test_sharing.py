"""A loaded model that another process of the user asks over a private socket."""

import asyncio
import json
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fake_answering_model import TwoModels, open_two_models
from fake_llama import SMALL_BUDGET
from small_gguf import gguf

from assist_completion.engine.engine import Engine
from assist_completion.engine.guest_jobs import GuestJobs
from assist_completion.errors import ModelError, TooLongError
from assist_completion.inference.conversation import Conversation
from assist_completion.settings import CompletionSettings
from assist_completion.suggestion import CompletionRequest, Suggestion
from assist_context.documents import Context, Snippet
from assist_context.languages import language_of
from assist_server.config.config import load_lenient
from assist_server.local_model.on_demand_model import OnDemandModel
from assist_server.local_model.roles import set_model
from assist_server.local_model.sharing.borrowed_model import (
    BorrowedModel,
    LenderGoneError,
    borrow,
    borrow_engine,
)
from assist_server.local_model.sharing.listener import SharedEngine, SharedModel
from assist_server.local_model.sharing.messages import (
    MOST,
    Hello,
    find_folder,
    identify_file,
    new_socket,
    own_version,
    read_conversation,
    read_cursor,
    read_hello,
    read_result,
    read_suggestion,
    receive,
    send,
    sockets,
    suggestion_document,
)
from assist_server.questions.composition import model_file

CODE = "def total(prices):\n    return sum(prices)\n"
QUESTION = Conversation("Be brief.", "What is 2 + 2?", max_tokens=40)


@pytest.fixture
def data() -> Iterator[Path]:
    """A data directory whose path is short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="a"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "small.gguf"
    made.write_bytes(b"GGUF")
    return made


@asynccontextmanager
async def sharing(data: Path, file: Path, script: str = "It is 4.") -> AsyncIterator[tuple[TwoModels, Any]]:
    async with open_two_models(script) as two:
        two.answers.file = file
        two.model.llama.text = CODE  # type: ignore[attr-defined]
        guests = Engine(GuestJobs(two.worker), CompletionSettings(), SMALL_BUDGET, "fake")
        shared = SharedModel(lambda: two.answers, lambda: SharedEngine(guests, file))
        shared.start(data)
        async with asyncio.timeout(60):
            while not list(sockets(data)):
                await asyncio.sleep(0.01)
        try:
            yield two, shared
        finally:
            shared.close()


async def not_here() -> Any:
    raise ModelError("no model is needed here")


async def text_of(model: BorrowedModel) -> str:
    async with aclosing(model.answer(QUESTION)) as stream:
        assert await stream.unread() > 0
        return "".join([piece async for piece in stream])


async def test_a_conversation_is_answered_by_the_model_of_the_server(data: Path, file: Path) -> None:
    async with sharing(data, file):
        model = await borrow(data, file, not_here)
        assert model is not None
        assert (model.model, model.window) == ("fake", 2000)
        async with aclosing(model.answer(QUESTION)) as stream:
            assert await stream.unread() > len(QUESTION.user)
            pieces = [piece async for piece in stream]
        assert "".join(pieces) == "It is 4."
        result = stream.result
        assert (result.text, result.ended, result.tokens.generated) == ("It is 4.", "stop", 8)
        assert stream.written == 8
        assert await text_of(model) == "It is 4."  # a second question, as after an edit that does not fit
        model.close()


async def test_a_model_that_a_command_names_is_borrowed_only_if_it_is_the_servers(
    data: Path, tmp_path: Path
) -> None:
    file, other = tmp_path / "servers.gguf", tmp_path / "other.gguf"
    for made in (file, other):
        made.write_bytes(gguf(b"weights"))
    settings = load_lenient({"ASSIST_DATA_DIR": str(data), "ASSIST_CONFIG_DIR": str(tmp_path)})
    async with sharing(data, file):
        same = set_model(settings, str(file), "answers")
        borrowing = OnDemandModel(same, partial(model_file, same))
        assert isinstance(await borrowing.load(), BorrowedModel)
        borrowing.close()
        another = set_model(settings, str(other), "answers")
        with pytest.raises(ModelError, match=r"other\.gguf"):  # it is opened here, and holds no weights
            await OnDemandModel(another, partial(model_file, another)).load()


async def test_the_code_that_an_edit_starts_from_is_weighed_and_the_form_of_the_answer_kept(
    data: Path, file: Path
) -> None:
    code = "def one():\n    return 2\n"
    asked = Conversation("", f"See:\n{code}", 60, beginning="```python\n", ending="```", draft=code)
    async with sharing(data, file, f"```python\n{code}```\nDone.") as (two, _):
        model = await borrow(data, file, not_here)
        assert model is not None
        assert await model.weigh(asked, code) == await two.answers.weigh(asked, code)
        async with aclosing(model.answer(asked)) as stream:
            await stream.unread()
            assert "".join([piece async for piece in stream]) == f"```python\n{code}```\n"
        model.close()


async def _numbered(stream: Any) -> AsyncIterator[tuple[int, str]]:
    number = 0
    async for piece in stream:
        number += 1
        yield number, piece


async def test_closing_the_connection_stops_the_answer(data: Path, file: Path) -> None:
    async with sharing(data, file, "abcdefgh" * 200) as (two, _):
        model = await borrow(data, file, not_here)
        assert model is not None
        stream = model.answer(Conversation("", "Go on.", max_tokens=1500))
        async with aclosing(stream):
            async for _piece in stream:
                break
        async with asyncio.timeout(60):
            while two.answers.busy:
                await asyncio.sleep(0.01)
        assert stream.result.ended == "cancelled"
        assert two.answering_llama.written() < 1500


async def test_another_file_or_a_busy_model_is_not_borrowed(data: Path, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.gguf"
    other.write_bytes(b"GGUF")
    async with sharing(data, file, "x y z " * 200) as (two, _):
        assert await borrow(data, other, not_here) is None
        assert await borrow(data, tmp_path / "missing.gguf", not_here) is None
        two.before_slice = lambda: time.sleep(0.01)
        stream = two.answers.answer(Conversation("", "Go on.", max_tokens=1000))
        async with aclosing(stream):
            assert await borrow(data, file, not_here) is None
        two.answers.file = other
        assert await borrow(data, file, not_here) is None


def cursor_at(before: str) -> CompletionRequest:
    files = (Snippet("b.py", 1, 2, "B = 1\n", "tool"),)
    context = Context("a.py", language_of("a.py"), before, "", 0, files)
    return CompletionRequest(context, manual=True, immediate=True, max_lines=1)


async def complete(data: Path, file: Path, *, warm: bool = False) -> Suggestion:
    engine = await borrow_engine(data, file)
    assert engine is not None
    return await engine.complete(cursor_at(CODE[: CODE.index("sum")]), warm=warm)


async def test_code_is_completed_by_the_engine_of_the_server(data: Path, file: Path) -> None:
    async with sharing(data, file) as (two, _):
        assert (await complete(data, file, warm=True)).text == ""
        async with asyncio.timeout(60):
            while not two.model.prefix_cache.computed:
                await asyncio.sleep(0.01)
        found = await complete(data, file)
        assert (found.text, found.tokens.generated) == ("sum(prices)", 12)
        assert 0 < found.tokens.evaluated < found.tokens.prompt  # it had been read


async def test_who_types_here_goes_first_and_the_guest_gets_its_text_all_the_same(
    data: Path, file: Path
) -> None:
    async with sharing(data, file) as (two, _):
        two.model.llama.before_slice = lambda: time.sleep(0.02)  # type: ignore[attr-defined]
        ours = Engine(two.worker, CompletionSettings(mode="eager"), SMALL_BUDGET, "fake")
        guest = asyncio.create_task(complete(data, file))
        second = asyncio.create_task(complete(data, file))
        while two.worker.idle():
            await asyncio.sleep(0.001)
        assert (await ours.complete(cursor_at("    return s"))).text == "um(prices)"
        assert (await guest).text == (await second).text == "sum(prices)"


async def test_a_guest_that_leaves_stops_the_model_and_one_whose_server_ends_is_told(
    data: Path, file: Path
) -> None:
    async with sharing(data, file) as (two, shared):
        two.model.llama.before_slice = lambda: time.sleep(0.05)  # type: ignore[attr-defined]
        guest = asyncio.create_task(complete(data, file))
        while two.worker.idle():
            await asyncio.sleep(0.001)
        guest.cancel()
        async with asyncio.timeout(60):
            while not two.worker.idle():
                await asyncio.sleep(0.01)
        assert two.model.llama.evaluated.count(1) < 12  # type: ignore[attr-defined]
        guest = asyncio.create_task(complete(data, file))
        while two.worker.idle():
            await asyncio.sleep(0.001)
        shared.close()
        with pytest.raises(ModelError):
            await guest


COUNTED = " ".join(map(str, range(200)))


@pytest.mark.parametrize("pieces", [0, 1, 3])
async def test_the_model_here_goes_on_where_a_server_ended(data: Path, file: Path, pieces: int) -> None:
    async with open_two_models(COUNTED) as ours, sharing(data, file, COUNTED) as (two, shared):
        two.before_slice = lambda: time.sleep(0.02)

        async def here() -> Any:
            return ours.answers

        model = await borrow(data, file, here)
        assert model is not None
        async with aclosing(model.answer(Conversation("", "Count.", max_tokens=len(COUNTED)))) as stream:
            if not pieces:
                shared.close()
            text = ""
            async for number, piece in _numbered(stream):
                text += piece
                if number == pieces:
                    shared.close()
        assert text == stream.result.text == COUNTED
        assert stream.written == len(COUNTED)
        assert ours.answering_llama.written() > 0
        asked = Conversation("", f"See:\n{CODE}", 60)
        assert await model.weigh(asked, CODE) == await ours.answers.weigh(asked, CODE)
        model.close()


async def test_an_answer_ends_with_the_error_of_a_model_that_cannot_be_opened_here(
    data: Path, file: Path
) -> None:
    async with sharing(data, file) as (_, shared):
        model = await borrow(data, file, not_here)
        assert model is not None
        shared.close()
        async with aclosing(model.answer(QUESTION)) as stream:
            with pytest.raises(ModelError, match="no model is needed here"):
                await stream.unread()


async def test_a_question_that_is_too_long_says_by_how_much(data: Path, file: Path) -> None:
    async with sharing(data, file) as (two, _):
        model = await borrow(data, file, not_here)
        assert model is not None
        asked = Conversation("", "x" * 3_000)
        async with aclosing(model.answer(asked)) as stream, aclosing(two.answers.answer(asked)) as local:
            with pytest.raises(TooLongError) as ours:
                await anext(aiter(local))
            with pytest.raises(TooLongError) as borrowed:
                await anext(aiter(stream))
        assert (str(borrowed.value), borrowed.value.excess) == (str(ours.value), ours.value.excess)


async def test_where_no_server_is_nothing_is_borrowed_and_old_sockets_go(data: Path, file: Path) -> None:
    assert await borrow(data, file, not_here) is None
    path = new_socket(data)
    assert path is not None
    server = await asyncio.start_unix_server(lambda *_: None, path)
    server.close()
    await server.wait_closed()
    path.touch()
    assert await borrow(data, file, not_here) is None


async def test_what_others_can_reach_is_neither_opened_nor_asked(data: Path, file: Path) -> None:
    async with sharing(data, file):
        (path,) = sockets(data)
        assert path.stat().st_mode & 0o777 == 0o600
        assert find_folder(data).stat().st_mode & 0o777 == 0o700
        os.chmod(find_folder(data), 0o750)  # noqa: S103
        assert list(sockets(data)) == []
        assert new_socket(data) is None
        assert await borrow(data, file, not_here) is None


async def test_a_long_path_has_no_socket(data: Path) -> None:
    assert new_socket(data / ("d" * 90)) is None


async def test_a_frame_that_is_none_ends_the_connection(data: Path, file: Path) -> None:
    async with sharing(data, file) as (two, _):
        for sent in (b"\xff\xff\xff\xff", b"\0\0\0\x02{}", b"\0\0\0\x02[]", b"\0\0\0\x04nope"):
            (path,) = sockets(data)
            reader, writer = await asyncio.open_unix_connection(path)
            writer.write(sent)
            async with asyncio.timeout(60):
                rest = await reader.read()
            assert b"hello" in rest or b"assist" in rest
            assert b"piece" not in rest
            writer.close()
        assert not two.answers.busy
        model = await borrow(data, file, not_here)
        assert model is not None
        assert await text_of(model) == "It is 4."
    assert MOST < 2**32 - 1


async def test_a_socket_of_something_else_is_passed_over(data: Path, file: Path) -> None:
    hello = {"assist": "", "file": "", "model": "", "window": 1e400, "prefill": 1.0, "busy": False}
    answers = [json.dumps(hello).encode(), b"[" * 200_000]

    async def say(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        body = answers.pop()
        writer.write(len(body).to_bytes(4, "big") + body)
        await writer.drain()
        writer.close()

    folder = find_folder(data)
    folder.mkdir(mode=0o700)
    servers = [await asyncio.start_unix_server(say, folder / name) for name in ("1.sock", "2.sock")]
    assert await borrow(data, file, not_here) is None
    assert not answers
    for each in servers:
        each.close()
        await each.wait_closed()


async def test_a_server_that_stops_is_given_up_and_then_left_in_peace(data: Path, file: Path) -> None:
    """As a process does that Ctrl-Z stops: its connections stay, and nothing comes."""
    asked: list[asyncio.StreamWriter] = []

    async def stop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(writer)
        if len(asked) == 1:
            await send(
                writer, asdict(Hello(own_version(), "", "small", 100, 1.0, False, identify_file(file)))
            )
            await receive(reader)
            await send(writer, {})  # a sign of life

    folder = find_folder(data)
    folder.mkdir(mode=0o700)
    server = await asyncio.start_unix_server(stop, folder / "1.sock")
    with pytest.raises(LenderGoneError):
        await complete(data, file)
    for connections in (2, 2):
        assert await borrow_engine(data, file) is None
        assert len(asked) == connections
    for writer in asked:
        writer.close()
    server.close()
    await server.wait_closed()


async def test_a_long_answer_is_waited_for_as_long_as_its_server_lives(data: Path, file: Path) -> None:
    async def work(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await send(writer, asdict(Hello(own_version(), "", "small", 100, 1.0, False, identify_file(file))))
        await receive(reader)
        for said in ({}, {}, {"suggestion": suggestion_document(Suggestion(text="sum(prices)"))}):
            await send(writer, said)
        writer.close()

    folder = find_folder(data)
    folder.mkdir(mode=0o700)
    server = await asyncio.start_unix_server(work, folder / "1.sock")
    assert (await complete(data, file)).text == "sum(prices)"
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("document", [{}, {"system": 1}, {"ended": "never"}, {"assist": "0.1"}])
def test_a_document_of_another_form_is_refused(document: dict[str, Any]) -> None:
    for read in (read_conversation, read_hello, read_result, read_cursor, read_suggestion):
        with pytest.raises(ValueError, match="no "):
            read(document)
