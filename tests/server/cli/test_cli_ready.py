"""Completions and batches of the command line; with the real model also setup."""

import json
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from command_runs import Assist, runner, started
from fake_lsp import fake_model_here, knowing
from forked_servers import FakeModelClient
from recording import configure

KEYS = {"id", "text", "candidate", "shown", "reason", "score", "source", "model", "ms", "tokens"}
ADD = 'def add(a, b):\n    """The sum of both."""\n    return \n'
AT = len(ADD) - 1
KNOWN = f"is not text\n{ADD.rstrip()} a + b\n"
EAGER = "[completion]\nmode = 'eager'\n"


@pytest.fixture
def fake_assist(tmp_path: Path, home: dict[str, str]) -> Iterator[Assist]:
    """The command in this process, with a model that knows one function, and shows whatever it writes."""
    configure(tmp_path, EAGER)
    with fake_model_here(KNOWN):
        yield runner(tmp_path, home)


@pytest.mark.model
def test_a_completion_is_text_or_json(ready_assist: Assist, tmp_path: Path) -> None:
    (tmp_path / "add.py").write_bytes(ADD.replace("\n", "\r\n").encode())
    done = ready_assist("complete", "add.py:3:12")
    assert (done.code, done.out) == (0, "a + b\n")
    document = ready_assist("complete", "add.py:3:12", "--json").json
    assert document.keys() >= KEYS
    assert document["text"] == document["candidate"] == "a + b"
    assert document["shown"] is True
    assert document["source"] == "model"
    assert document["ms"].keys() == {"total", "gather", "prefill", "decode"}
    assert document["tokens"]["prompt"] >= document["tokens"]["generated"] > 0


def test_what_the_gate_holds_back_is_told(fake_assist: Assist, tmp_path: Path) -> None:
    configure(tmp_path, EAGER.replace("eager", "manual"))
    (tmp_path / "add.py").write_text(ADD)
    done = fake_assist("complete", "add.py:3:12")
    assert (done.code, done.out) == (0, "")
    assert "Nothing is shown: the mode is manual" in done.err
    assert fake_assist("complete", "add.py:3:12", "--manual").out == "a + b\n"


def test_why_says_how_sure_the_model_was_and_what_it_read(fake_assist: Assist, tmp_path: Path) -> None:
    (tmp_path / "add.py").write_text(ADD)
    (tmp_path / ".assistignore").write_text("# mine\nadd.*\n")
    done = fake_assist("complete", "add.py:3:12", "--why")
    assert (done.code, done.out) == (0, "a + b\n")
    assert "A suggestion was shown: confidence 0." in done.err
    assert "(0.20 needed), from the model in " in done.err
    assert "The model read " in done.err
    assert "is excluded by `add.*` at .assistignore:2" in done.err
    document = fake_assist("complete", "add.py:3:12", "--why", "--json").json
    assert document["why"].startswith("a suggestion was shown")


def test_bytes_that_are_no_text_are_completed_all_the_same(fake_assist: Assist, tmp_path: Path) -> None:
    (tmp_path / "add.py").write_bytes(b"# \xff\xfe is not text\n" + ADD.encode())
    assert fake_assist("complete", "add.py:4:12", "--json").json["candidate"] == "a + b"


def test_a_batch_answers_line_by_line_in_order(fake_assist: Assist) -> None:
    lines = [
        {"id": "one", "path": "absent/add.py", "text": ADD, "offset": AT},
        {"id": 2, "path": "add.py"},
        {"id": [3], "path": "add.py", "text": ADD, "line": 3, "column": 12, "max_lines": 1, "context": False},
    ]
    text = "\n\n".join([*map(json.dumps, lines), "nonsense"])
    done = fake_assist("complete", "--batch", stdin=text)
    answers = [json.loads(line) for line in done.out.splitlines()]
    assert done.code == 0
    assert [answer["id"] for answer in answers] == ["one", 2, [3], None]
    assert answers[0].keys() >= KEYS
    assert answers[0]["text"] == answers[2]["text"] == "a + b"
    assert answers[1].keys() == answers[3].keys() == {"id", "error"}


def test_a_batch_answers_before_the_next_line_and_ctrl_c_ends_it(
    tmp_path: Path, home: Mapping[str, str]
) -> None:
    configure(tmp_path, EAGER)
    environ = knowing(home, KNOWN)
    with started(
        tmp_path, environ, "complete", "--batch", stdin=subprocess.PIPE, command=FakeModelClient.server
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(json.dumps({"id": 1, "path": "a.py", "text": ADD, "offset": AT}).encode() + b"\n")
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["text"] == "a + b"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        assert b"Traceback" not in process.stderr.read()


@pytest.mark.model
def test_setup_copies_measures_and_is_then_done_at_once(
    assist_without_sockets: Assist, model_path: Path, tmp_path: Path
) -> None:
    """From a directory, as on a closed network. 491 MB are copied, hashed and removed again."""
    assist = assist_without_sockets
    first = assist("setup", "--offline-from", str(model_path.parent), "--json")
    assert first.code == 0, first.err
    assert first.json["model"] == "qwen2.5-coder-0.5b"
    assert (first.json["fetched"], first.json["already"]) == (True, False)
    assert "100" in first.err or "491 MB of 491 MB" in first.err
    assert (tmp_path / "data" / "models").stat().st_mode & 0o777 == 0o700
    measured = (tmp_path / "data" / "speed.json").stat().st_mtime_ns
    again = assist("setup")
    if first.json["speed"]["quiet"]:  # else it is measured again, until no other program is busy
        assert (tmp_path / "data" / "speed.json").stat().st_mtime_ns == measured
    assert "Already set up" in again.out
    assert "Apache-2.0" in again.out
    assert "assist demo" in again.out
    assert assist("doctor", "--json").json["model"]["hash"] == "accepted"
    assert assist("models", "verify").code == 0
    assert assist("models", "remove", "qwen2.5-coder-0.5b", "--yes").code == 0


@pytest.mark.model
def test_setup_with_a_path_writes_it_into_the_configuration(
    assist: Assist, own_data: Path, model_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.gguf").symlink_to(model_path)
    done = assist("setup", "mine.gguf", "--offline", "--json")
    assert done.code == 0, done.err
    assert done.json["configured"]
    assert assist("config", "show", "--json").json["settings"]["completion"]["model"] == str(
        tmp_path / "mine.gguf"
    )
