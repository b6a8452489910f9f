"""`assist explain`, `ask` and `route` as a user runs them, with a provider on loopback."""

import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from asked_shop import KEY, audit_events
from command_runs import COMMAND, Assist, started
from hostile import HANG, chunk, head, refusal
from vendor import provider, scripted_answer


def test_a_question_at_a_provider_is_answered_paid_and_written_down(assist: Assist, tmp_path: Path) -> None:
    with provider(tmp_path, scripted_answer("It adds **up**.")) as acme:
        done = assist("explain", "shop/cart.py:13", "--frontier", "--yes", "--json")
    assert (done.code, done.json["answer"]) == (0, "It adds **up**.")
    assert done.json["route"]["target"] == "frontier"
    assert done.json["tokens"] == {"input": 120, "output": 30}
    assert done.json["cost_usd"] == pytest.approx((120 * 3 + 30 * 15) / 1e6)
    sent = acme.requests[0]
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert "def total(self)" in sent.body.decode()
    intent, outcome = audit_events(tmp_path)
    assert (intent["kind"], outcome["kind"]) == ("intent", "outcome")
    assert intent["payload_sha256"] == done.json["route"]["payload_sha256"]
    assert outcome["cost_micro"] == 810
    assert {span["path"] for span in intent["spans"]} >= {"shop/cart.py"}
    assert KEY not in (tmp_path / "data" / "audit.jsonl").read_text()


def test_an_answer_ends_with_what_the_model_was_shown(assist: Assist, tmp_path: Path) -> None:
    with provider(tmp_path, scripted_answer("It adds up.")):
        done = assist("explain", "shop/cart.py:13", "--frontier", "--yes", "--json")
        plain = assist("explain", "shop/cart.py:13", "--frontier", "--yes")
    first, *_ = done.json["sources"]
    assert first == {
        "place": "shop/cart.py:12-13", "folder": "", "path": "shop/cart.py", "first": 12, "last": 13,
        "name": "Cart.total", "outline": False,
    }  # fmt: skip
    assert "Sources: shop/cart.py:12-13 Cart.total" in plain.err
    facts, text = plain.out.split("\n\n")
    assert facts.splitlines()[0].split() == ["What", "method", "Cart.total,", "shop/cart.py:12-13"]
    assert text == "It adds up.\n"
    assert done.json["facts"]["definition"]["name"] == "total"
    assert done.json["answer"] == "It adds up."


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX terminal")
def test_a_terminal_shows_what_happens_and_links_facts_and_sources(
    tmp_path: Path, shop: Path, home: dict[str, str]
) -> None:
    with provider(tmp_path, scripted_answer("It adds up.")):
        terminal, end = os.openpty()
        process = subprocess.Popen(
            [*COMMAND, "explain", "shop/cart.py:13", "--frontier", "--yes"],
            cwd=shop,
            env={**os.environ, **home, "ACME_KEY": KEY, "TERM": "xterm-256color", "COLUMNS": "100"},
            stdin=end,
            stdout=end,
            stderr=end,
        )
        os.close(end)
        shown = b""
        with suppress(OSError):  # Linux says so when the last process has closed the terminal
            while piece := os.read(terminal, 65_536):
                shown += piece
        assert process.wait(60) == 0, shown
        os.close(terminal)
    text = shown.decode()
    steps = ("\rlooking for code", "tokens", "It adds up.", "Sources: ", "acme frontier-1 at a provider")
    places = [text.find(step) for step in steps]
    assert places == sorted(places), text
    assert places[0] == 0
    assert re.search(r"acme \S+: reading [\d,]+ tokens", text)
    link = (shop / "shop" / "cart.py").resolve().as_uri()
    assert re.search(rf"\x1b]8;[^;]*;{re.escape(link)}#12\x1b\\.*shop/cart.py:12-13", text[places[2] :])
    assert re.search(rf"Returns +\x1b\[0m\x1b]8;[^;]*;{re.escape(link)}#13\x1b\\13\x1b]8;;\x1b\\: sum", text)


def test_a_file_outside_of_the_workspace_is_asked_about_where_it_is(
    assist: Assist, tmp_path: Path, shop: Path
) -> None:
    with provider(tmp_path, scripted_answer("fine")) as acme:
        done = assist("explain", str(shop / "shop" / "cart.py"), "--workspace", "shop", "--frontier", "--yes")
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        far = assist(
            "explain", str(shop / "shop" / "cart.py"), "--workspace", str(elsewhere), "--frontier", "--yes"
        )
    assert (done.code, far.code) == (0, 0)
    assert "def total(self)" in acme.requests[1].body.decode()


def test_a_provider_that_fails_is_said_and_what_was_sent_is_paid(assist: Assist, tmp_path: Path) -> None:
    with provider(tmp_path, refusal(500)):
        done = assist("explain", "shop/cart.py:13", "--frontier", "--yes")
    assert done.code == 1
    assert "acme" in done.err
    kinds = [event["kind"] for event in audit_events(tmp_path)]
    assert kinds == ["intent", "outcome"]
    assert audit_events(tmp_path)[1]["error"] == "server"


def test_an_answer_cannot_command_the_terminal(assist: Assist, tmp_path: Path) -> None:
    with provider(
        tmp_path, scripted_answer("safe \x1b]52;c;cm0gLXJmIH4=\x07 [link](https://x.example)\x1b[2J end")
    ):
        done = assist("explain", "shop/cart.py:13", "--frontier", "--yes")
    assert done.code == 0
    assert "\x1b" not in done.out
    assert "end" in done.out


@pytest.mark.parametrize("words", [("explain",), ("refactor", "x.py"), ("ask", ""), ("explain", "gone.py:3")])
def test_wrong_usage_says_what_to_write(assist: Assist, words: tuple[str, ...]) -> None:
    done = assist(*words)
    assert done.code in (1, 2)
    assert done.err.startswith("assist: ")


def test_control_c_stops_the_stream_and_what_came_is_paid(
    tmp_path: Path, shop: Path, home: dict[str, str]
) -> None:
    with provider(tmp_path, [head(), chunk("half an answer"), HANG]):
        arguments = ("explain", "shop/cart.py:13", "--frontier", "--yes")
        process = started(shop, {**home, "ACME_KEY": KEY}, *arguments)
        assert process.stdout is not None
        shown = b""
        while not shown.endswith(b"half an answer"):
            shown += process.stdout.read(1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert b"Traceback" not in err
    intent, outcome = audit_events(tmp_path)
    assert (intent["request_id"], outcome["finish"]) == (outcome["request_id"], "cancelled")
    assert outcome["cost_micro"] > 0
