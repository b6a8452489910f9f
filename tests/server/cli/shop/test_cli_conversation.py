"""Conversations in the terminal, with a provider on loopback: all words, follow-ups, added files, `chat`."""

import asyncio
import os
import signal
import stat
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from asked_shop import KEY
from command_runs import Assist, started
from hostile import HANG, chunk, head
from vendor import provider, scripted_answer

from assist_completion.inference.conversation import Conversation
from assist_escalation.prompts import Origin, Prompt, Span
from assist_server.config.config import load_lenient
from assist_server.local_model.opening import open_local
from assist_server.threads.thread import ThreadTurn, add_turn, new_thread
from assist_server.threads.thread_prompts import fit_conversation

pytestmark = pytest.mark.slow


def test_a_follow_up_has_what_was_said_before(assist: Assist, tmp_path: Path) -> None:
    with provider(
        tmp_path, scripted_answer("In `gross`."), scripted_answer("20 percent."), scripted_answer("x")
    ) as acme:
        first = assist("ask", "where", "is", "tax", "added?", "--frontier", "--yes", "--json")
        again = assist("ask", "-c", "how", "much", "-f", "shop/prices.py", "--frontier", "--yes", "--json")
        other = assist("ask", "--thread", "new", "and", "why", "--frontier", "--yes", "--json")
    assert (first.code, again.code, other.code) == (0, 0, 0)
    assert first.json["thread"] == again.json["thread"] != other.json["thread"]
    sent = [each.body.decode() for each in acme.requests]
    assert "where is tax added?" in sent[0]
    assert all(text in sent[1] for text in ("where is tax added?", "In `gross`.", "how much", "net * 1.2"))
    assert "In `gross`." not in sent[2]
    (folder,) = (tmp_path / "data").glob("threads")
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    listed = assist("threads")
    assert "new" in listed.out
    assert "where is tax added?" in listed.out
    assert assist("threads", "forget", "new").code == 0
    assert len(assist("threads", "--json").json["threads"]) == 1
    assert assist("threads", "forget", "--all").code == 0
    assert list(folder.iterdir()) == []
    assert "no conversation" in assist("ask", "-c", "why").err


def test_a_folder_is_explained_and_other_commands_say_what_to_name(assist: Assist, tmp_path: Path) -> None:
    with provider(tmp_path, scripted_answer("It sells."), scripted_answer("Prices.")) as acme:
        done = assist("explain", "shop", "--frontier", "--yes")
        added = assist("ask", "what", "is", "in", "-f", "shop", "--frontier", "--yes")
        wrong = assist("test", "shop")
        gone = assist("ask", "what", "-f", "gone.py")
    assert (done.code, added.code) == (0, 0)
    bodies = [each.body.decode() for each in acme.requests]
    assert all("def gross(net)" in body and "class Cart" in body for body in bodies)
    assert "overview of this folder" in bodies[0]
    assert (wrong.code, gone.code) == (2, 1)
    assert "is a folder: name the file" in wrong.err
    assert "no file or folder gone.py" in gone.err


def test_a_chat_answers_line_by_line_and_goes_on_after_an_error(assist: Assist, tmp_path: Path) -> None:
    acts = [scripted_answer(text) for text in ("In `gross`.", "20 percent.", "Fresh.")]
    with provider(tmp_path, *acts, mode="auto") as acme:
        lines = ["/file gone.py", "/file shop/prices.py", "where is tax added?", "/sources", "how much?"]
        lines += ["/new", "and now?", "/what", "/quit", "never asked"]
        done = assist("chat", "--frontier", stdin="".join(f"{line}\n" for line in lines))
    assert done.code == 0, done.err
    assert "no file or folder gone.py" in done.err
    assert "shop/prices.py:1-2" in done.out
    assert "/what is not a command" in done.err
    sent = [each.body.decode() for each in acme.requests]
    assert len(sent) == 3
    assert "In `gross`." in sent[1]
    assert "In `gross`." not in sent[2]


def test_control_c_stops_an_answer_and_not_the_chat(tmp_path: Path, shop: Path, home: dict[str, str]) -> None:
    with provider(
        tmp_path, [head(), chunk("half an answer"), HANG], scripted_answer("A whole answer.")
    ) as acme:
        process = started(shop, {**home, "ACME_KEY": KEY}, "chat", "--frontier", stdin=subprocess.PIPE)
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"what is taxed?\n")
        process.stdin.flush()
        shown = b""
        while not shown.endswith(b"half an answer"):  # below the places that were found
            more = process.stdout.read(1)
            assert more, shown
            shown += more
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(b"and now?\n/quit\n", timeout=200)
    assert process.returncode == 0, err
    assert b"Stopped." in err
    assert b"A whole answer." in out
    assert b"half an answer" not in acme.requests[1].body


@pytest.mark.model
@pytest.mark.timeout(600)
def test_a_chat_with_a_real_model_reads_only_what_is_new(environ: Mapping[str, str], tmp_path: Path) -> None:
    config = load_lenient({**os.environ, **environ}, ())
    code = "def gross(net):\n    return net * 1.2\n" * 20
    shown = Span(code, Origin("file", "prices.py", str(tmp_path), 1, 40, "b1"))
    system = Span("Answer the question about the code in one short sentence.", Origin("assist"))
    first = Prompt("ask", (system, shown, Span("What does gross do?", Origin("user"))))

    async def counts() -> tuple[int, int]:
        local = await asyncio.to_thread(open_local, config)
        try:
            found = fit_conversation(None, first, 40, local)
            assert found is not None
            text, read = await answer_of(local, found.conversation)
            thread = add_turn(new_thread(str(tmp_path)), ThreadTurn("ask", "", found.spans, text), 0)
            more = Prompt("ask", (system, Span("And how much is it for 10?", Origin("user"))))
            again = fit_conversation(thread, more, 40, local)
            assert again is not None
            return read, (await answer_of(local, again.conversation))[1]
        finally:
            local.close()

    read, read_again = asyncio.run(counts())
    assert read > 300
    assert read_again < 80


async def answer_of(local: Any, conversation: Conversation) -> tuple[str, int]:
    """An answer, and how many tokens of its prompt had to be read."""
    stream = local.answer(conversation)
    text = "".join([piece async for piece in stream])
    return text, stream.result.tokens.evaluated
