"""`--model` names the model of one command: it answers, or the command says what is wrong and fetches nothing."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from command_runs import Assist, process_runner
from recording import configure
from small_gguf import gguf

from assist_completion.model_store.catalogue import find

SMALL = "qwen2.5-coder-0.5b"
ADD = 'def add(a, b):\n    """The sum of both."""\n    return \n'
COMMANDS = (
    ("complete", "add.py:3:12"),
    ("explain", "add.py"),
    ("ask", "what is added"),
    ("fix", "add.py:1"),
    ("test", "add.py:1"),
    ("refactor", "add.py:1", "add a type"),
    ("chat",),
)


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A file, in a workspace whose settings name a model that is not there."""
    (tmp_path / "add.py").write_text(ADD)
    return tmp_path / "add.py"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_model_that_is_not_there_is_refused(assist: Assist, code: Path, command: tuple[str, ...]) -> None:
    done = assist(*command, "--model", "qwen2.5-coder-1.4b")
    assert done.code == 1
    assert "did you mean qwen2.5-coder-1" in done.err


@pytest.mark.slow
def test_a_model_that_is_not_here_is_not_fetched(assist_without_sockets: Assist, code: Path) -> None:
    for command in (COMMANDS[0], COMMANDS[1], COMMANDS[-1]):
        done = assist_without_sockets(*command, "--model", "qwen2.5-coder-7b-instruct")
        assert done.code == 1
        assert "run `assist models pull qwen2.5-coder-7b-instruct`" in done.err


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("complete add.py:3:12 --model smollm2-135m", 1, "cannot fill in code"),
        ("explain add.py --model qwen2.5-coder-7b", 1, "cannot answer questions"),
        ("explain add.py --model mine.gguf", 1, "There is no model file"),
        ("explain add.py --model some/where", 1, "a path must end in .gguf"),
        (
            "complete add.py:3:12 --model x.gguf --server team",
            2,
            "--model and --server cannot be used together",
        ),
        ("review --model qwen2.5-coder-0.5b", 2, "No such option"),
    ],
)
def test_what_a_named_model_cannot_do_is_said(
    assist: Assist, tmp_path: Path, command: str, code: int, says: str
) -> None:
    (tmp_path / "add.py").write_text(ADD)
    done = assist(*command.split())
    assert done.code == code
    assert says in done.err


def test_a_named_model_and_a_provider_exclude_each_other(assist: Assist, code: Path, tmp_path: Path) -> None:
    _put_a_model(tmp_path)
    done = assist("explain", "add.py", "--model", SMALL, "--frontier")
    assert done.code == 2
    assert "--model and --frontier cannot be used together" in done.err


def test_a_dry_run_with_a_named_model_stays_on_this_machine(
    assist: Assist, code: Path, tmp_path: Path
) -> None:
    _put_a_model(tmp_path)
    configure(tmp_path, "[escalation]\nmode = 'auto'\n")
    done = assist("explain", "add.py:1", "--words", "--model", SMALL, "--dry-run", "--json")
    assert done.code == 0, done.out + done.err
    document = done.json
    assert (document["target"], document["cause"]) == ("local", "asked_local")


def _put_a_model(tmp_path: Path) -> None:
    models = tmp_path / "data" / "models"
    models.mkdir(parents=True)
    (models / find(SMALL).file).write_bytes(gguf(b"weights"))


@pytest.mark.model
def test_the_named_model_answers_by_its_path_and_by_its_name(
    code: Path, tmp_path: Path, own_data: Path, model_path: Path
) -> None:
    configure(tmp_path, "[completion]\nmodel = '/nowhere/other.gguf'\nmode = 'eager'\n")
    assert hashlib.sha256(model_path.read_bytes()).hexdigest() == find(SMALL).sha256
    (own_data / "models").mkdir()
    (own_data / "models" / find(SMALL).file).symlink_to(model_path)
    environ: Mapping[str, str] = {
        "ASSIST_CONFIG_DIR": str(tmp_path / "config"),
        "ASSIST_DATA_DIR": str(own_data),
    }
    assist = process_runner(tmp_path, environ)
    assert "/nowhere/other.gguf" in assist("complete", "add.py:3:12").err

    by_path = assist("complete", "add.py:3:12", "--json", "--model", str(model_path), "--offline").json
    assert (by_path["text"], by_path["model"]) == ("a + b", model_path.stem)
    by_name = assist("complete", "add.py:3:12", "--json", "--model", SMALL).json
    assert (by_name["text"], by_name["model"]) == ("a + b", SMALL)
    line = json.dumps({"id": 1, "path": "add.py", "line": 3, "column": 12})
    batch = assist("complete", "--batch", "--model", SMALL, stdin=line)
    assert json.loads(batch.out)["model"] == SMALL

    answer = assist("explain", "add.py:1", "--words", "--json", "--model", SMALL).json
    assert answer["model"] == SMALL
    assert answer["answer"]
    assert "other.gguf" in (tmp_path / "config" / "config.toml").read_text(), "nothing was written"
